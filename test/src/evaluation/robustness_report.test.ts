import {
  add,
  dispose,
  memory,
  mul,
  oneHot,
  softmax,
  sub,
  tensor2d,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {fgsm} from '../../../src/attacks/fgsm.js';
import {ifgsm} from '../../../src/attacks/ifgsm.js';
import {pgd} from '../../../src/attacks/pgd.js';
import {square} from '../../../src/attacks/square.js';
import {EvaluationStateError} from '../../../src/evaluation/evaluation_state.js';
import type {RobustnessReport} from '../../../src/evaluation/figure.js';
import {flagChecks, type FlagId} from '../../../src/evaluation/flags.js';
import type {ReportProgress, RobustnessReportOptions} from '../../../src/evaluation/report_options.js';
import {robustnessReport} from '../../../src/evaluation/robustness_report.js';
import type {Classifier} from '../../../src/index.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {casesFor, linearNet, MemoryState} from '../../support/report_nets.js';

const steps = (count: number, seed = 0) => ({steps: count, seed});
const options: RobustnessReportOptions = {
  epsilons: [0.02, 0.05, 0.1, 0.2],
  attacks: [
    'fgsm',
    {name: 'pgd', attack: pgd, options: steps(4)},
    {name: 'square', attack: square, options: {queries: 20}, kind: 'blackBox'},
  ],
  sigmas: [0.1, 0.2],
  sources: {other: linearNet(2)},
};
const net = linearNet();
let x: Tensor;
let labels: Int32Array;

beforeEach(() => {
  ({x, labels} = casesFor(net));
});
afterEach(() => x.dispose());

const report = (changes: Partial<RobustnessReportOptions> = {}, classifier: Classifier = net) =>
  robustnessReport(classifier, x, labels, {...options, ...changes});

describe('robustnessReport', () => {
  it('gives a figure for every attack, source and epsilon, sigma and smallest perturbation, as an attack does', async () => {
    const found = await expectNoLeakAsync(() => report());
    expect(found).toMatchObject({norm: 'linf', bounds: [0, 1], examples: 20, classes: 3});
    // Every fifth label is wrong.
    expect(found.clean.accuracy).toBe(0.8);
    const ids = (figures: Array<{id: string}>) => figures.map(({id}) => id);
    const at = (name: string) => options.epsilons.map(epsilon => `${name}@${epsilon}`);
    expect(ids(found.attacks)).toEqual([...at('fgsm'), ...at('pgd'), ...at('square')]);
    expect(ids(found.transfer)).toEqual(at('transfer:other'));
    expect(ids(found.worstCase)).toEqual(at('worst case'));
    expect(ids(found.noise)).toEqual(['noise@0.1', 'noise@0.2']);
    expect(ids(found.minimum)).toEqual(['minimum:deepFool']);
    const {adversarial, success} = await fgsm(net, x, labels, {epsilon: 0.05});
    expect(found.attacks[1].success).toEqual(success);
    adversarial.dispose();
  });

  it('has a worst case that is at most each figure at its epsilon, and never rises', async () => {
    const {worstCase, attacks, transfer, epsilons} = await report();
    epsilons.forEach((epsilon, k) => {
      const same = [...attacks, ...transfer].filter(figure => figure.epsilon === epsilon);
      expect(worstCase[k].accuracy).toBeLessThanOrEqual(Math.min(...same.map(({accuracy}) => accuracy)));
      if (k > 0) expect(worstCase[k].accuracy).toBeLessThanOrEqual(worstCase[k - 1].accuracy);
    });
  });

  it('raises no flag for a linear net, and does without its probes when checks are off', async () => {
    expect((await report({attacks: undefined, epsilons: [0.1]})).flags).toEqual([]);
    const figures: string[] = [];
    const note = ({figure}: ReportProgress) => figures.push(figure);
    await report({checks: false, onProgress: note});
    expect(figures.filter(id => id.startsWith('probe:'))).toEqual([]);
    expect((await report({checks: ['randomOutput'], onProgress: note})).checks).toEqual(['randomOutput']);
    const fast = await report({attacks: ['fgsm'], epsilons: [0.1], sigmas: [], sources: {}, minimum: []});
    const without = [
      'blackBoxBeatsWhiteBox',
      'oneStepBeatsIterative',
      'moreBudgetHelpsDefender',
      'moreStepsHelp',
    ];
    expect(Object.keys(flagChecks).filter(id => !fast.checks.includes(id as FlagId))).toEqual(without);
    expect([...new Set(figures.filter(id => id.startsWith('probe:')))]).toEqual(['probe:randomness']);
  });

  it('takes one-hot labels, epsilons in any order, and x and labels that are disposed of at once', async () => {
    const wanted = await report();
    const hot = oneHot(Array.from(labels), 3);
    const copy = x.clone();
    const running = robustnessReport(net, copy, hot, {...options, epsilons: [0.2, 0.05, 0.1, 0.02, 0.05]});
    dispose([copy, hot]);
    expect(await running).toEqual(wanted);
    const indices = labels.slice();
    const again = robustnessReport(net, x, indices, options);
    indices.fill(9);
    expect(await again).toEqual(wanted);
  });

  it('goes on with the logarithm of probabilities, and flags them', async () => {
    const soft = (inputs: Tensor) => softmax(net(inputs) as Tensor2D);
    const found = await expectNoLeakAsync(() => report({}, soft));
    expect(found.flags.map(({id}) => id)).toEqual(['probabilities']);
    expect(found.worstCase.map(({reliable}) => reliable)).toEqual([false, false, false, false]);
    const plain = await report();
    expect(found.worstCase.map(({accuracy}) => accuracy)).toEqual(
      plain.worstCase.map(({accuracy}) => accuracy),
    );
  });

  it('takes logits as they are of which a single row looks like probabilities', async () => {
    const [first] = (net(x) as Tensor2D).arraySync();
    const shift = tensor2d([first.map((value, k) => value - [0.2, 0.3, 0.5][k])]);
    const shifted = (inputs: Tensor) => sub(net(inputs), shift);
    labels = Int32Array.from((shifted(x) as Tensor2D).argMax(1).dataSync());
    const alone = await fgsm(shifted, x, labels, {epsilon: 0.05});
    const found = await report({attacks: ['fgsm']}, shifted);
    expect(found.attacks[1].success).toEqual(alone.success);
    expect(found.flags.filter(({id}) => id === 'probabilities')).toEqual([]);
    dispose([shift, alone.adversarial]);
  });

  it('does not count a source that breaks against the net', async () => {
    const sources = {lost: (inputs: Tensor) => add(net(inputs), NaN)};
    const [plain, found] = [await report({sources: {}}), await report({sources})];
    expect(found.worstCase).toEqual(plain.worstCase);
    expect([...new Set(found.flags.map(({figure}) => figure))]).toEqual(
      options.epsilons.map(epsilon => `transfer:lost@${epsilon}`),
    );
    expect(found.transfer.map(({reliable}) => reliable)).toEqual([false, false, false, false]);
  });

  it('keeps its inputs where an attack gives them back, and holds it to the ball', async () => {
    const found = (adversarial: Tensor) => {
      const none = Array.from(labels, () => false);
      return {adversarial, success: none, broken: none, distance: new Float64Array(labels.length)};
    };
    const still = {name: 'still', attack: async (_: Classifier, inputs: Tensor) => found(inputs)};
    const far = {name: 'far', attack: async (_: Classifier, inputs: Tensor) => found(add(inputs, 1))};
    const {attacks, clean} = await expectNoLeakAsync(() =>
      report({attacks: [still, far, 'fgsm'], epsilons: [1e-6]}),
    );
    expect(attacks.map(({success}) => success)).toEqual([clean.success, clean.success, clean.success]);
  });

  it('never counts NaN as robust', async () => {
    const found = await expectNoLeakAsync(() => report({}, inputs => add(net(inputs), NaN)));
    expect(found.worstCase.map(({accuracy}) => accuracy)).toEqual([0, 0, 0, 0]);
    expect(found.flags.map(({id}) => id)).toContain('nonFiniteLogits');
    expect(found.worstCase.map(({reliable}) => reliable)).toEqual([false, false, false, false]);
  });

  it('tells how far it is, and ends where it is told to', async () => {
    const seen: ReportProgress[] = [];
    await report({onProgress: progress => seen.push(progress)});
    const begun = seen.filter(({attack}) => !attack);
    // Clean, 3 attacks and 1 source at 4 epsilons, 2 sigmas, deepFool, 4 probes.
    expect(begun.map(({done}) => done)).toEqual([...Array(24).keys()]);
    expect(seen.every(({of}) => of === 24)).toBe(true);
    expect(seen.some(({attack, figure}) => attack?.attack === 'pgd' && figure === 'pgd@0.05')).toBe(true);
    const before = memory().numTensors;
    for (const point of [0, 1, 7, seen.length - 1]) {
      const {signal, abort} = controller();
      let count = 0;
      const onProgress = () => count++ === point && abort(new Error('enough'));
      expect(await errorOf(() => report({signal, onProgress}))).toEqual(new Error('enough'));
      expect(memory().numTensors).toBe(before);
    }
  });

  it('leaves nothing behind when the net throws', async () => {
    const before = memory().numTensors;
    for (const point of [1, 3, 40]) {
      let calls = 0;
      const failing = (inputs: Tensor) => {
        if (++calls === point) throw new Error('out of memory');
        return net(inputs);
      };
      expect(await errorOf(() => report({}, failing))).toEqual(new Error('out of memory'));
      expect(memory().numTensors).toBe(before);
    }
  });

  it('refuses inputs out of bounds, labels of other classes, and unknown attacks', async () => {
    await expectRefusal(() => report({bounds: [0.4, 1]}), 'x', 'robustnessReport');
    await expectRefusal(() => report({attacks: ['nope' as 'fgsm']}), 'attacks', 'fgsm, ifgsm');
    labels[3] = 3;
    await expectRefusal(() => report(), 'labels', 'example 3');
    await expectRefusal(() => robustnessReport(net, [1] as never, labels, options), 'x');
    await expectRefusal(() => robustnessReport(5 as never, x, labels, options), 'classifier');
  });
});

describe('a report with a state', () => {
  /** Many figures that cost little: clean, 2 attacks and 1 source at 6 epsilons, 1 sigma, deepFool, 2 probes. */
  const FIGURES = 23;
  const cheap: RobustnessReportOptions = {
    epsilons: [0.02, 0.05, 0.1, 0.15, 0.2, 0.25],
    attacks: ['fgsm', {name: 'pgd', attack: pgd, options: steps(2)}],
    sigmas: [0.1],
    sources: {other: linearNet(2)},
    checks: ['zeroGradients', 'randomOutput', 'falseGradients'],
  };
  let whole: RobustnessReport;
  beforeEach(async () => {
    whole = await report(cheap);
  });

  it('is the same killed after any of its figures and gone on with', async () => {
    const all = new MemoryState();
    expect(await report({...cheap, state: all})).toEqual(whole);
    expect(all.written).toHaveLength(FIGURES);
    for (let point = 0; point < FIGURES; point++) {
      const state = new KilledState(point);
      expect(await errorOf(() => report({...cheap, state}))).toEqual(new Error('killed'));
      const resumed: string[] = [];
      const onProgress = ({attack, figure}: ReportProgress) => attack && resumed.push(figure);
      const went = new MemoryState(state.text);
      expect(await expectNoLeakAsync(() => report({...cheap, state: went, onProgress}))).toEqual(whole);
      expect(went.written).toHaveLength(FIGURES - point);
      // Attacks that were done are not made again.
      if (point > 5) expect(resumed).not.toContain('fgsm@0.2');
      else expect(resumed).toContain('fgsm@0.2');
    }
  });

  it('goes on after an abort from the figure that it was at', async () => {
    const state = new MemoryState();
    const {signal, abort} = controller();
    const onProgress = ({figure}: ReportProgress) => figure === 'pgd@0.1' && abort(new Error('enough'));
    expect(await errorOf(() => report({...cheap, state, signal, onProgress}))).toEqual(new Error('enough'));
    expect(state.written).toHaveLength(9);
    expect(await report({...cheap, state})).toEqual(whole);
  });

  it('refuses the state of another net, other data or other settings, and says what differs', async () => {
    const state = new MemoryState();
    await report({...cheap, state});
    const written = state.text;
    const moved = x.add(tensor2d([[1e-7, 0, 0, 0, 0, 0]]));
    const otherLabels = labels.map((label, i) => (i === 0 ? (label + 1) % 3 : label));
    const run = (changes: Partial<RobustnessReportOptions>, of = net, inputs = x, classes = labels) =>
      robustnessReport(of, inputs, classes, {...cheap, ...changes, state});
    const harder = [{name: 'pgd', attack: pgd, options: steps(5)}];
    const swaps: Array<[string, () => Promise<unknown>]> = [
      ['model, outputs', () => run({}, linearNet(3))],
      ['x', () => run({}, net, moved)],
      ['labels', () => run({}, net, x, otherLabels)],
      ['epsilons', () => run({epsilons: [0.02, 0.05, 0.1, 0.15, 0.2, 0.26]})],
      ['norm', () => run({norm: 'l2'})],
      ['attacks', () => run({attacks: ['fgsm', ...harder]})],
      ['seed', () => run({seed: 1})],
      ['bounds', () => run({bounds: [0, 1.5]})],
      ['sigmas', () => run({sigmas: [0.2]})],
      ['sources, outputs', () => run({sources: {other: linearNet(4)}})],
      ['minimum', () => run({minimum: []})],
    ];
    for (const [name, swapped] of swaps) {
      const before = memory().numTensors;
      const error = (await errorOf(swapped)) as EvaluationStateError;
      expect(error, name).toBeInstanceOf(EvaluationStateError);
      expect([error.code, error.differs]).toEqual(['other', name.split(', ')]);
      expect(error.message).toContain(`it differs in ${name};`);
      expect(memory().numTensors - before, name).toBe(0);
      expect(state.text).toBe(written);
    }
    dispose(moved);
  });

  it('refuses another attack of the same name, another preprocessing, and weights that change on the way', async () => {
    const state = new MemoryState();
    let scale = 1;
    const scaled = Object.assign((inputs: Tensor) => net(mul(inputs, scale)), {fingerprint: () => 'fixed'});
    const fast: RobustnessReportOptions = {epsilons: [0.1], checks: false, minimum: []};
    const run = (attack: typeof pgd, onProgress?: RobustnessReportOptions['onProgress'], place = state) =>
      robustnessReport(scaled, x, labels, {
        ...fast,
        ...{attacks: [{name: 'mine', attack, options: {steps: 2}}], state: place, onProgress},
      });
    await run(pgd);
    expect(await errorOf(() => run(ifgsm as typeof pgd))).toMatchObject({differs: ['attacks']});
    scale = -1;
    expect(await errorOf(() => run(pgd))).toMatchObject({differs: ['outputs']});
    const training = new MemoryState();
    const train = ({figure}: ReportProgress) => {
      if (figure === 'mine@0.1') scale = 1;
    };
    await expectRefusal(() => run(pgd, train, training), 'classifier', 'outputs', 'while they were measured');
    expect(training.written).toHaveLength(1);
  });

  it('refuses a state that is damaged, and a net that nothing can be told of', async () => {
    const state = new MemoryState();
    await report({...cheap, state});
    const cut = new MemoryState(state.text!.slice(0, -10));
    const error = await errorOf(() => report({...cheap, state: cut}));
    expect(error).toMatchObject({name: 'EvaluationStateError', code: 'damaged'});
    const nameless = (inputs: Tensor) => net(inputs);
    await expectRefusal(() => report({...cheap, state}, nameless), 'fingerprint', 'toClassifier');
    await expectRefusal(() => report({...cheap, state, sources: {nameless}}), 'sources');
    const named = {...cheap, state: new MemoryState(), fingerprint: 'mine'};
    expect(await report(named, nameless)).toEqual(whole);
  });
});

/** Ends like a process after so many writes. */
class KilledState extends MemoryState {
  constructor(private left: number) {
    super();
  }

  override async write(text: string): Promise<void> {
    if (this.left-- === 0) throw new Error('killed');
    await super.write(text);
  }
}

function controller() {
  const controller = new AbortController();
  return {signal: controller.signal, abort: (reason: Error) => controller.abort(reason)};
}
