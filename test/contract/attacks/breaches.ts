import * as tf from '@tensorflow/tfjs-core';
import type {AttackNorm, AttackResult} from '../../../src/index.js';
import type {AttackedNet} from './nets.js';
import type {Row} from './table.js';

/** Radii in each norm, not in order; the largest is enough to beat something. */
const RADII: Record<AttackNorm, number[]> = {linf: [0.25, 0.01], l2: [0.6, 0.02], l1: [1.5, 0.05]};

/** How far results for other batch sizes may be away, where engines add up in another order. */
const FLOAT_ERROR = 1e-4;

/**
 * Runs an attack in a norm and says what it does against its contract; nothing, where it holds.
 *
 */
export async function breaches(
  {attack, options, name}: Row,
  norm: AttackNorm,
  net: AttackedNet,
): Promise<string[]> {
  const found: string[] = [];
  const demand = (ok: boolean, what: string) => {
    if (!ok) found.push(`${name} ${norm}: ${what}`);
  };
  const {classifier, x, labels} = net;
  const epsilons = RADII[norm];
  const common = {...options, norm, epsilons};
  const call = (more: object = {}) => attack(classifier, x, labels, {...common, ...more});

  const before = tf.memory().numTensors;
  const results = await call();
  demand(tf.memory().numTensors === before + epsilons.length, 'leaves nothing but its results');
  demand(
    results.every(({epsilon}, k) => epsilon === epsilons[k]),
    'has a result for each radius, in their order',
  );
  for (const result of results) for (const what of outside(result, norm, net)) demand(false, what);
  demand(
    results.every(result => isJudged(result, net)),
    'calls success what the net says of its input',
  );
  demand(results[0].success.some(Boolean), 'lowers the accuracy');
  demand(!results.flatMap(({broken}) => broken).some(Boolean), 'calls no sound net broken');

  const again = await call();
  demand(apart(results, again) === 0, 'is the same for the same seed');
  const inBatches = await call({batchSize: 3});
  const distance = apart(results, inBatches);
  demand(distance <= FLOAT_ERROR, `is the same in batches of 3, but for float error (${distance})`);
  tf.dispose([results, again, inBatches].flat().map(({adversarial}) => adversarial));

  for (const steps of [1, 3])
    demand(await abortsCleanly(call, steps), `ends when it is aborted in call ${steps}`);
  demand(tf.memory().numTensors === before, 'leaves nothing behind in the end');
  return found;
}

/** Where a result is not inside the ball and the bounds, for all numbers taken for what they are. */
function outside(
  {adversarial, distance, epsilon}: AttackResult,
  norm: AttackNorm,
  {x}: AttackedNet,
): string[] {
  const [values, from] = [adversarial.dataSync(), x.dataSync()];
  const size = x.size / x.shape[0];
  const found: string[] = [];
  if (adversarial.shape.join() !== x.shape.join()) found.push('has the shape of its input');
  if (!Array.from(values).every(v => v >= 0 && v <= 1)) found.push('stays in the bounds');
  distance.forEach((claimed, i) => {
    const steps = Array.from({length: size}, (_, j) => Math.abs(values[i * size + j] - from[i * size + j]));
    const sum = steps.reduce((total, step) => total + (norm === 'l2' ? step * step : step), 0);
    const length = norm === 'linf' ? Math.max(...steps) : norm === 'l2' ? Math.sqrt(sum) : sum;
    if (!(length <= epsilon!)) found.push(`stays in the ball of ${epsilon} (example ${i}: ${length})`);
    if (length !== claimed) found.push(`says how far it went (example ${i}: ${claimed}, not ${length})`);
  });
  return found;
}

function isJudged({adversarial, success}: AttackResult, {classifier, labels}: AttackedNet): boolean {
  const classes = tf.tidy(() => Array.from(tf.argMax(classifier(adversarial), 1).dataSync()));
  return success.every((value, i) => value === (classes[i] !== labels[i]));
}

/** The largest difference between results; Infinity where they differ in whom they beat. */
function apart(some: AttackResult[], others: AttackResult[]): number {
  const differences = some.map(({adversarial, success}, k) => {
    if (success.join() !== others[k].success.join()) return Infinity;
    const values = others[k].adversarial.dataSync();
    return Array.from(adversarial.dataSync()).reduce(
      (most, v, i) => Math.max(most, Math.abs(v - values[i])),
      0,
    );
  });
  return Math.max(...differences);
}

/** Whether an attack that is aborted in its n-th call of onProgress rejects with the reason and lets go of everything. */
async function abortsCleanly(
  call: (options: object) => Promise<AttackResult[]>,
  n: number,
): Promise<boolean> {
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const reason = new Error('enough');
  let calls = 0;
  const onProgress = () => {
    if (++calls === n) controller.abort(reason);
  };
  try {
    const results = await call({onProgress, signal: controller.signal});
    tf.dispose(results.map(({adversarial}) => adversarial));
    // It may be over before.
    return calls < n;
  } catch (error) {
    return error === reason && tf.memory().numTensors === before;
  }
}
