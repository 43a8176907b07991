import * as tf from '@tensorflow/tfjs-core';
import type {Sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {earlyStopping, type EarlyStopping} from '../../../../plugin/callbacks/early_stopping.js';
import type {Json, NamedTensor} from '../../../../plugin/callbacks/resumable_callback.js';
import {expectNoLeakAsync, expectRefusal} from '../../../support/expect_no_leak.js';
import {randomTensor} from '../../../support/randoms.js';
import {ScriptedLogs} from '../../../support/scripted_logs.js';
import {denseNet, labelsOf, weightsOf} from '../../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2]);
const args = {monitor: 'score', mode: 'min', patience: 3, restoreBestWeights: true} as const;
// The best is 1 at epoch 2; three epochs of waiting stop training at epoch 5.
const score = [4, 3, 1, 2, 2, 2, 0, 0];

function compiled() {
  const model = denseNet();
  model.compile({optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy'});
  return model;
}

/** Saves what a checkpoint would hold at the end of an epoch, and ends training there. */
class Kill extends ScriptedLogs {
  state = '';
  tensors: NamedTensor[] = [];
  model_: number[][] = [];

  constructor(
    private readonly at: number,
    private readonly stop: EarlyStopping,
  ) {
    super({});
  }

  override async onEpochEnd(epoch: number): Promise<void> {
    if (epoch !== this.at) return;
    this.state = JSON.stringify(this.stop.getState());
    this.tensors = this.stop.getStateTensors().map(({name, tensor}) => ({name, tensor: tensor.clone()}));
    this.model_ = weightsOf(this.model);
    this.model.stopTraining = true;
  }
}

/** Trains until an epoch's end, then goes on with a new model and a new callback from what was saved. */
async function resumed(first: Sequential, second: Sequential, at: number) {
  const stop = earlyStopping(args);
  const kill = new Kill(at, stop);
  const fit = {epochs: score.length, batchSize: 3, shuffle: false, verbose: 0};
  await first.fit(x, y, {...fit, callbacks: [new ScriptedLogs({score}), stop, kill]});
  const values = kill.model_.map((numbers, i) => tf.tensor(numbers, second.weights[i].shape as number[]));
  second.setWeights(values);
  const next = earlyStopping(args);
  next.setState(JSON.parse(kill.state) as Json);
  next.setStateTensors(kill.tensors);
  tf.dispose([values, kill.tensors.map(({tensor}) => tensor)]);
  const before = [next.best, next.bestEpoch, next.getStateTensors().length];
  const callbacks = [new ScriptedLogs({score}), next];
  const {epoch} = await second.fit(x, y, {...fit, initialEpoch: at + 1, callbacks});
  return {stop: next, before, epoch};
}

describe('earlyStopping resumed', () => {
  it.each([0, 1, 2, 3, 4])('after epoch %i decides and restores as if never interrupted', async at => {
    const script = new ScriptedLogs({score});
    const whole = compiled();
    const stop = earlyStopping(args);
    await whole.fit(x, y, {epochs: 8, batchSize: 3, shuffle: false, verbose: 0, callbacks: [script, stop]});
    expect([stop.bestEpoch, stop.stoppedEpoch]).toEqual([2, 5]);
    const [first, second] = [compiled(), compiled()];
    const parts = await expectNoLeakAsync(() => resumed(first, second, at));
    const best = Math.min(...score.slice(0, at + 1));
    expect(parts.before).toEqual([best, score.indexOf(best), 4]);
    expect([parts.stop.best, parts.stop.bestEpoch, parts.stop.stoppedEpoch]).toEqual([1, 2, 5]);
    expect(parts.epoch.at(-1)).toBe(5);
    expect(weightsOf(second)).toEqual(script.weights[2]);
  });

  it('keeps an infinite best value through JSON', () => {
    const stop = earlyStopping(args);
    const state = {monitor: 'score', wait: 1, best: '-Infinity', bestEpoch: 0};
    stop.setState(state);
    expect(stop.best).toBe(-Infinity);
    expect(JSON.parse(JSON.stringify(stop.getState()))).toEqual(state);
  });

  it('tells a stopped training from one that goes on', async () => {
    const stop = earlyStopping(args);
    const callbacks = [new ScriptedLogs({score}), stop];
    await compiled().fit(x, y, {epochs: 8, verbose: 0, callbacks});
    const next = earlyStopping(args);
    next.setState(stop.getState());
    expect(next.stoppedEpoch).toBe(5);
  });

  it('goes by the state given last, and takes copies of the tensors given last', () => {
    const before = tf.memory().numTensors;
    const stop = earlyStopping(args);
    for (const wait of [1, 2]) {
      const tensor = tf.scalar(wait);
      stop.setState({monitor: 'score', wait});
      stop.setStateTensors([{name: 'a', tensor}]);
      tensor.dispose();
    }
    expect(stop.getState()).toEqual({monitor: 'score', wait: 2});
    expect(stop.getStateTensors().map(({tensor}) => tensor.dataSync()[0])).toEqual([2]);
    stop.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('needs no tensors where no best weights are wanted, and holds none', async () => {
    const stop = earlyStopping({...args, restoreBestWeights: false});
    stop.setState({monitor: 'score', wait: 2, best: 3, bestEpoch: 0});
    const callbacks = [new ScriptedLogs({score}), stop];
    const fit = {epochs: 8, initialEpoch: 1, verbose: 0, callbacks};
    // 3 at epoch 1 is not better than 3: the third epoch of waiting.
    expect((await compiled().fit(x, y, fit)).epoch).toEqual([1]);
  });

  it('refuses to go on without the best weights, or with those of another model', async () => {
    const model = compiled();
    const weights = weightsOf(model);
    const stop = earlyStopping(args);
    stop.setState({monitor: 'score', wait: 2, best: 3, bestEpoch: 0});
    const fit = () => model.fit(x, y, {epochs: 2, verbose: 0, callbacks: [stop]});
    await expectRefusal(fit, 'setStateTensors', 'earlyStopping', /\[\[4,5\],\[5\],\[5,3\],\[3\]\]/);
    const others = denseNet({units: [7]}).getWeights();
    stop.setStateTensors(others.map((tensor, i) => ({name: String(i), tensor})));
    await expectRefusal(fit, 'setStateTensors', /7/);
    expect(weightsOf(model)).toEqual(weights);
    stop.dispose();
  });

  it.each([
    ['state', null],
    ['state', {monitor: 'val_loss', wait: 1}],
    ['wait of state', {monitor: 'score'}],
    ['wait of state', {monitor: 'score', wait: -1}],
    ['bestEpoch of state', {monitor: 'score', wait: 1, bestEpoch: 'a'}],
    ['stoppedEpoch of state', {monitor: 'score', wait: 1, stoppedEpoch: 0.5}],
    ['best of state', {monitor: 'score', wait: 1, bestEpoch: 2}],
    ['best of state', {monitor: 'score', wait: 1, bestEpoch: 2, best: 'much'}],
  ])('refuses a bad %s: %j', async (argument, state) => {
    await expectRefusal(() => earlyStopping(args).setState(state as Json), argument, 'earlyStopping');
  });
});
