import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {
  abandonTape,
  isTapeLive,
  liveTape,
  onLiveTape,
  ownerOf,
  recordedBy,
  withoutTape,
} from '../../../src/distance/live_tape.js';
import {expectClose} from '../../support/expect_close.js';
import {errorOf, expectNoLeak} from '../../support/expect_no_leak.js';
import {tapedByGrad as taped} from '../../support/taped.js';

const {state} = tf.engine();

describe('isTapeLive', () => {
  it('is true inside tf.grad and tf.variableGrads, false outside', () => {
    expect(isTapeLive()).toBe(false);
    expect(taped(() => isTapeLive())).toBe(true);
    expect(isTapeLive()).toBe(false);
  });

  it('is false where tfjs does not record: in withoutTape and in the forward of a customGrad', () => {
    expect(taped(() => withoutTape(() => isTapeLive()))).toBe(false);
    let inside: boolean | undefined;
    const f = tf.customGrad(x => {
      inside = isTapeLive();
      return {value: tf.clone(x as tf.Tensor), gradFunc: dy => dy};
    });
    taped(x => f(x));
    expect(inside).toBe(false);
  });
});

describe('withoutTape', () => {
  it('records nothing and makes its result a constant', () => {
    const x = tf.tensor1d([2, 3]);
    const f = (x: tf.Tensor) => {
      const before = liveTape().length;
      const square = withoutTape(() => tf.square(x));
      expect(liveTape()).toHaveLength(before);
      return tf.sum(tf.mul(x, square)) as tf.Scalar;
    };
    // d(x c)/dx = c = x^2, not 3 x^2.
    const slope = tf.tidy(() =>
      tf
        .grad(f as never)(x)
        .dataSync(),
    );
    expectClose(slope, [4, 9], 0);
    x.dispose();
  });

  it('records again after it, also when its function threw', () => {
    const depth = state.kernelDepth;
    expect(() =>
      withoutTape(() => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(state.kernelDepth).toBe(depth);
  });
});

describe('onLiveTape', () => {
  it('runs on the live tape where there is one', () => {
    const [inside, outer] = taped(() => {
      const tape = liveTape();
      let inside: unknown;
      onLiveTape(() => ((inside = liveTape()), {}));
      return [inside, tape];
    });
    expect(inside).toBe(outer);
  });

  it('opens a tape where there is none, closes it, and leaves no tensor but the result', () => {
    const x = tf.tensor1d([1, 2]);
    let wasLive = false;
    const {y} = expectNoLeak(() =>
      onLiveTape(() => {
        wasLive = isTapeLive();
        return {y: tf.tanh(tf.mul(x, 2))};
      }),
    );
    expect([wasLive, isTapeLive(), state.gradientDepth]).toEqual([true, false, 0]);
    expect(state.activeTape ?? []).toEqual([]);
    expectClose(y.dataSync(), [Math.tanh(2), Math.tanh(4)], 1e-6);
    tf.dispose([x, y]);
  });

  it('gives its results to the scope around it, as any operation does', () => {
    const before = tf.memory().numTensors;
    const x = tf.scalar(1);
    const y = tf.tidy(() => onLiveTape(() => ({y: tf.exp(x)})).y);
    expectClose(y.dataSync(), [Math.E], 1e-6);
    tf.tidy(() => void onLiveTape(() => ({y: tf.exp(x)})));
    tf.dispose([x, y]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('leaves alone a tensor that f returns but did not make', () => {
    const x = tf.tensor1d([1, 2]);
    const {same} = onLiveTape(() => ({same: x}));
    expect(x.isDisposed).toBe(false);
    tf.dispose([x, same].filter(t => !t.isDisposed));
  });

  it('leaves no tape and no tensor behind when f throws', async () => {
    const x = tf.tensor1d([1, 2]);
    const before = tf.memory().numTensors;
    const error = await errorOf(() =>
      onLiveTape(() => {
        tf.sigmoid(tf.exp(x));
        throw new Error('inside');
      }),
    );
    expect((error as Error).message).toBe('inside');
    expect(tf.memory().numTensors).toBe(before);
    expect([isTapeLive(), state.activeTape ?? []]).toEqual([false, []]);
    x.dispose();
  });
});

describe('abandonTape', () => {
  it('frees what a tape saved before its function threw', async () => {
    const x = tf.tensor1d([1, 2]);
    const before = tf.memory().numTensors;
    await errorOf(() =>
      tf.grad(() => {
        tf.sigmoid(tf.exp(x));
        throw new Error('inside');
      })(x),
    );
    // tfjs itself keeps the saved tensors for ever.
    expect(tf.memory().numTensors).toBeGreaterThan(before);
    abandonTape();
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });

  it('never touches a tape that is live', () => {
    const lengths = taped(x => {
      tf.sigmoid(x);
      const length = liveTape().length;
      abandonTape();
      return [length, liveTape().length];
    });
    expect(lengths[0]).toBeGreaterThan(0);
    expect(lengths[1]).toBe(lengths[0]);
  });
});

describe('recordedBy', () => {
  it('remembers the innermost layer of each operation, and none of those outside', () => {
    const owners = taped(x => {
      const first = state.activeTape.length;
      tf.square(x);
      recordedBy('outer', () => {
        tf.square(x);
        recordedBy('inner', () => tf.square(x));
        return tf.square(x);
      });
      return state.activeTape
        .slice(first)
        .filter(node => node.kernelName === 'Square')
        .map(ownerOf);
    });
    expect(owners).toEqual([undefined, 'outer', 'inner', 'outer']);
  });

  it('passes results and errors on, with or without a tape', () => {
    expect(recordedBy('a', () => 3)).toBe(3);
    expect(() => recordedBy('a', () => { throw new Error('broken'); })).toThrow('broken'); // prettier-ignore
  });
});
