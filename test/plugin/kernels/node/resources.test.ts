import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {allFinite} from '../../../../plugin/kernels/node/all_finite.js';
import {defer} from '../../../../plugin/kernels/node/deferred.js';
import {nativeBackend} from '../../../../plugin/kernels/node/native_backend.js';
import {withResources} from '../../../../plugin/kernels/node/resources.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

const nativeTensors = () => (nativeBackend() as unknown as {getNumOfTFTensors(): number}).getNumOfTFTensors();
/** Alone with its values: the tensor that it is made from shares them. */
const variable = (values: number[]) => tf.tidy(() => tf.variable(tf.tensor1d(values)));
const outsideJavaScript = () => process.memoryUsage().rss - process.memoryUsage().heapTotal;
const descend = (variable: tf.Variable, rate: tf.Tensor, slope: tf.Tensor) =>
  withResources(1, update => update('ResourceApplyGradientDescent', [variable], [rate, slope]));

describe('an update by an operation of TensorFlow', () => {
  const [rate, slope] = [tf.scalar(0.5), tf.tensor1d([2, 4])];

  it('changes the variable, in the place where it is', () => {
    const v = variable([1, 1]);
    const {dataId} = v;
    expectNoLeak(() => descend(v, rate, slope));
    // 1 - 0.5 * [2, 4]
    expect(Array.from(v.dataSync())).toEqual([0, -1]);
    expect(v.dataId).toBe(dataId);
    v.dispose();
  });

  it('leaves alone who shares its values: copies, reshaped copies, what tidy still holds', () => {
    tf.tidy(() => {
      const start = tf.tensor1d([1, 1]);
      const v = tf.variable(start);
      const shared = [start, tf.clone(v), tf.reshape(v, [2, 1])];
      descend(v, rate, slope);
      descend(v, rate, slope);
      expect(Array.from(v.dataSync())).toEqual([-1, -3]);
      for (const t of shared) expect(Array.from(t.dataSync())).toEqual([1, 1]);
      v.dispose();
    });
  });

  it('leaves alone arrays that were read, and the array that the values came from', () => {
    const source = new Float32Array([1, 1]);
    const v = tf.tidy(() => tf.variable(tf.tensor1d(source)));
    const read = v.dataSync();
    descend(v, rate, slope);
    const late = v.dataSync();
    descend(v, rate, slope);
    expect([source, read, late].map(array => Array.from(array))).toEqual([
      [1, 1],
      [1, 1],
      [0, -1],
    ]);
    v.dispose();
  });

  it('takes a slope that was put off and is made of the variable itself', () => {
    const v = variable([1, 2]);
    const run = (make: (held: tf.Tensor) => tf.Tensor) =>
      tf.tidy(() => {
        const slope = tf.engine().makeTensorFromTensorInfo(defer([2], [v], ([held]) => make(held)));
        descend(v, rate, slope);
      });
    run(held => tf.mul(held, 2));
    expect(Array.from(v.dataSync())).toEqual([0, 0]);
    const before = nativeTensors();
    for (let i = 0; i < 3; i++) run(held => tf.add(held, 1));
    expect(nativeTensors()).toBe(before);
    // What is found out about the values before the step does not hold after it.
    run(held => tf.fill([2], allFinite(held) ? Infinity : 0));
    expect(allFinite(v)).toBe(false);
    v.dispose();
  });

  it('leaves the variable as it is where the operation throws', () => {
    const v = variable([1, 1]);
    const wrong = tf.tensor1d([1, 2, 3]);
    expectNoLeak(() => {
      expect(() => descend(v, rate, wrong)).toThrow('shape');
      return undefined;
    });
    expect(Array.from(v.dataSync())).toEqual([1, 1]);
    descend(v, rate, slope);
    expect(Array.from(v.dataSync())).toEqual([0, -1]);
    tf.dispose([v, wrong]);
  });

  it("keeps nothing, also not of TensorFlow's own, over 10,000 updates", () => {
    const v = variable(Array.from({length: 1000}, () => 1));
    const zero = tf.zeros([1000]);
    const run = () => descend(v, rate, zero);
    run();
    for (let i = 0; i < 5000; i++) run();
    const [before, memory] = [nativeTensors(), outsideJavaScript()];
    for (let i = 0; i < 10_000; i++) run();
    expect(nativeTensors()).toBe(before);
    // One variable left behind at each update would be 40 MB, a name of its own for each handle 30 MB.
    expect((outsideJavaScript() - memory) / 1e6).toBeLessThan(15);
    tf.dispose([v, zero]);
  });
});
