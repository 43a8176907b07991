import type {ExperimentResult, ModelResult, Question} from '../../demos/experiments/result.js';

/** A repeatable stream of numbers in 0..1 (mulberry32). */
function randomStream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** About normal: the sum of twelve uniform numbers less its mean. */
function normal(random: () => number): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random();
  return sum;
}

interface ModelSketch extends Omit<Partial<ModelResult>, 'steps'> {
  seed: number;
  /** Median and spread of the distances at the input. */
  distance: [number, number];
  /** First and last label loss, and margin. */
  loss: [number, number];
  /** And how far the margin of a batch strays, as a share of it. */
  margin?: [number, number, number];
  steps: number;
}

function model({seed, distance, loss, margin, steps, ...result}: ModelSketch): ModelResult {
  const random = randomStream(seed);
  const fall = ([from, to]: [number, number], share: number, noise: number) =>
    (to + (from - to) * Math.exp(-6 * share)) * (1 + noise * normal(random));
  const logged = Array.from({length: Math.ceil(steps / 20)}, (_, i) => i * 20);
  return {
    name: 'cross-entropy',
    recipe: 'Adam 1e-3, batch 128, 3 epochs',
    testAccuracy: 0.934,
    validationAccuracy: [0.912, 0.927, 0.931],
    steps: logged.map(step => ({
      step,
      crossEntropy: fall(loss, step / steps, 0.04),
      ...(margin && {margin: fall([margin[0], margin[1]], step / steps, margin[2])}),
    })),
    medianDistances: {input: distance[0], conv1_relu: 2.31, conv2_relu: 3.07, dense_relu: 4.4},
    inputDistances: Array.from({length: 1000}, () => distance[0] + distance[1] * normal(random)),
    attacks: [],
    secondsPerStep: 0.0297,
    seconds: 39.4,
    ...result,
  };
}

const underAttack = (accuracies: number[]) =>
  [0.05, 0.1, 0.2, 0.3].map((epsilon, i) => ({
    epsilon,
    accuracy: accuracies[i],
    underCrossEntropy: Math.min(1, accuracies[i] + 0.03),
    underLogitMargin: Math.min(1, accuracies[i] + 0.004),
  }));

/** The question of the noisy labels, with a stored baseline. */
export function noiseQuestion(): Question {
  return {
    id: 'noise',
    title: 'Noisy labels: 80 % of the training labels flipped',
    measure: 'test accuracy',
    models: [
      model({seed: 1, distance: [0.31, 0.16], loss: [2.34, 2.21], steps: 1290}),
      model({
        ...{seed: 2, distance: [0.62, 0.24], loss: [2.6, 2.28], margin: [10020, 9994, 0.0004], steps: 645},
        ...{name: 'large margin', testAccuracy: 0.968, validationAccuracy: [0.941, 0.961, 0.9672]},
        recipe:
          "presets.authors('l2'), random rival, input + conv1 + conv2, batch norm, RMSProp 0.1, 3 epochs",
        medianDistances: {input: 0.62, conv1_relu: 1.12, conv2_relu: 1.94, dense_relu: 2.2},
        ...{secondsPerStep: 0.211, seconds: 141},
      }),
      model({
        ...{seed: 3, distance: [0.44, 0.2], loss: [2.5, 2.24], steps: 4300},
        ...{name: 'cross-entropy, regularized', testAccuracy: 0.952, storedOn: '2026-01-02'},
        recipe: 'dropout 0.5, weight decay 1e-3, Adam 1e-3, batch 128, 10 epochs',
        validationAccuracy: [0.91, 0.929, 0.937, 0.941, 0.944, 0.946, 0.949, 0.95, 0.951, 0.9514],
        ...{secondsPerStep: 0.0312, seconds: 134},
      }),
    ],
  };
}

/** The question of the attacks: two models. */
export function attacksQuestion(): Question {
  return {
    id: 'attacks',
    title: 'White-box attacks: I-FGSM, 10 steps, on the first 1,000 test pictures',
    measure: 'accuracy under I-FGSM at epsilon 0.1',
    models: [
      model({
        ...{seed: 4, distance: [1.05, 0.4], loss: [2.3, 0.03], steps: 1290},
        ...{testAccuracy: 0.989, validationAccuracy: [0.979, 0.986, 0.988]},
        attacks: underAttack([0.861, 0.323, 0.012, 0]),
      }),
      model({
        ...{seed: 5, distance: [2.12, 0.72], loss: [2.4, 0.41], margin: [0.97, 0.24, 0.05], steps: 1290},
        ...{name: 'large margin', testAccuracy: 0.985, validationAccuracy: [0.968, 0.981, 0.985]},
        recipe:
          "presets.robust({norm: 'linf', gamma: 0.15, crossEntropyWeight: 0}), exact, all layers, 3 epochs",
        attacks: underAttack([0.951, 0.831, 0.312, 0.041]),
        ...{secondsPerStep: 0.0958, seconds: 124},
      }),
    ],
  };
}

/** Segments of a seven-segment digit: a top, b and c right, d bottom, e and f left, g middle. */
const SEGMENTS = ['abcdef', 'bc', 'abdeg', 'abcdg', 'bcfg', 'acdfg', 'acdefg', 'abc', 'abcdefg', 'abcdfg'];
const STROKES: Record<string, [number, number, number, number]> = {
  ...{a: [9, 5, 19, 5], b: [19, 5, 19, 14], c: [19, 14, 19, 23], d: [9, 23, 19, 23]},
  ...{e: [9, 14, 9, 23], f: [9, 5, 9, 14], g: [9, 14, 19, 14]},
};

/** A digit of 28 x 28 pixels in 0..1, each pixel moved by up to epsilon. */
export function digit(label: number, epsilon: number, seed: number): number[] {
  const random = randomStream(seed);
  return Array.from({length: 784}, (_, i) => {
    const [x, y] = [i % 28, Math.floor(i / 28)];
    const nearest = Math.min(
      ...[...SEGMENTS[label]].map(name => {
        const [x1, y1, x2, y2] = STROKES[name];
        return Math.hypot(x - Math.min(x2, Math.max(x1, x)), y - Math.min(y2, Math.max(y1, y)));
      }),
    );
    const change = epsilon * Math.sign(random() - 0.5);
    return Math.min(1, Math.max(0, 1.6 - nearest * 0.7 > 1 ? 1 : Math.max(0, 1.6 - nearest * 0.7) + change));
  });
}

function pictures(): ExperimentResult['pictures'] {
  const fooled = [3, 2, 8, 0, 9, 1, 7, 9];
  return [7, 2, 1, 0, 4, 1, 4, 9].map((label, i) => ({
    label,
    epsilon: 0.1,
    models: [
      {name: 'cross-entropy', pixels: digit(label, 0.1, i), prediction: fooled[i]},
      {name: 'large margin', pixels: digit(label, 0.1, 100 + i), prediction: i === 6 ? 9 : label},
    ],
  }));
}

/** A result as the main job writes it, of plausible numbers. */
export function experimentResult(change: Partial<ExperimentResult> = {}): ExperimentResult {
  return {
    date: '2026-02-03',
    command: 'npm start',
    machine: 'AMD EPYC 7B13, 2 cores, 8 GiB',
    versions: {node: 'v20.19.0', tfjs: '4.22.0', 'tfjs-node': '4.22.0'},
    backend: 'tensorflow',
    seed: 1,
    quick: false,
    net: 'small',
    seconds: 412,
    peakMemoryGiB: 1.43,
    questions: [noiseQuestion(), attacksQuestion()],
    pictures: pictures(),
    ...change,
  };
}
