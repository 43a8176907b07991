import * as tf from '@tensorflow/tfjs';

type Logits = (x: tf.Tensor4D) => tf.Tensor2D;

/** What an attack makes larger, one value for each example. */
const objectives = {
  crossEntropy: (y: tf.Tensor2D, logits: tf.Tensor2D) => tf.neg(tf.sum(tf.mul(y, tf.logSoftmax(logits)), 1)),
  logitMargin: (y: tf.Tensor2D, logits: tf.Tensor2D) => {
    const others = tf.max(tf.sub(logits, tf.mul(y, 1e9)), 1);
    return tf.sub(others, tf.sum(tf.mul(y, logits), 1));
  },
};

export interface AttackOutcome {
  epsilon: number;
  /** Share of examples that both attacks leave right. */
  accuracy: number;
  underCrossEntropy: number;
  underLogitMargin: number;
  /** The attacked pictures (under the logit margin), [size, 28, 28, 1]. */
  pictures: tf.Tensor4D;
}

/**
 * White-box I-FGSM (Kurakin et al. 2017): `steps` steps of epsilon / steps along the sign of the gradient, kept in
 * 0..1. Cross-entropy alone would flatter a net with large logits, whose softmax saturates: hence two objectives.
 */
export function attack(
  logits: Logits,
  x: tf.Tensor4D,
  y: tf.Tensor2D,
  epsilon: number,
  steps = 10,
): AttackOutcome {
  const attacked = (objective: keyof typeof objectives) => ifgsm(logits, x, y, epsilon, steps, objective);
  const byCrossEntropy = attacked('crossEntropy');
  const pictures = attacked('logitMargin');
  const right = [byCrossEntropy, pictures].map(t => isRight(logits, t, y));
  byCrossEntropy.dispose();
  const share = (flags: boolean[]) => flags.filter(Boolean).length / flags.length;
  return {
    epsilon,
    accuracy: share(right[0].map((ok, i) => ok && right[1][i])),
    underCrossEntropy: share(right[0]),
    underLogitMargin: share(right[1]),
    pictures,
  };
}

/** Which examples are classified right; a NaN among the logits is never right. */
export function isRight(logits: Logits, x: tf.Tensor4D, y: tf.Tensor2D): boolean[] {
  return tf.tidy(() => {
    const scores = logits(x);
    const hits = tf.equal(tf.argMax(scores, 1), tf.argMax(y, 1));
    return Array.from(tf.logicalAnd(hits, tf.all(tf.isFinite(scores), 1)).dataSync(), value => value === 1);
  });
}

function ifgsm(
  logits: Logits,
  x: tf.Tensor4D,
  y: tf.Tensor2D,
  epsilon: number,
  steps: number,
  objective: keyof typeof objectives,
): tf.Tensor4D {
  const gradient = tf.grad(t => tf.sum(objectives[objective](y, logits(t as tf.Tensor4D))));
  return tf.tidy(() => {
    const [low, high] = [tf.maximum(tf.sub(x, epsilon), 0), tf.minimum(tf.add(x, epsilon), 1)];
    let current: tf.Tensor = x.clone();
    for (let step = 0; step < steps; step++) {
      const next = tf.tidy(() => {
        const moved = tf.add(current, tf.mul(tf.sign(gradient(current)), epsilon / steps));
        return tf.minimum(tf.maximum(moved, low), high);
      });
      current.dispose();
      current = next;
    }
    return current as tf.Tensor4D;
  });
}
