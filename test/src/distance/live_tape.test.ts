import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {
  abandonTape,
  abandonTapeSoon,
  cloneOnTape,
  isTapeLive,
  leadsTo,
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

describe('abandonTapeSoon', () => {
  it('frees what a tape saved, as soon as its function has thrown', async () => {
    const x = tf.tensor1d([1, 2]);
    const before = tf.memory().numTensors;
    const f = (x: tf.Tensor) => {
      tf.sigmoid(x);
      abandonTapeSoon();
      throw new Error('inside');
    };
    expect(await errorOf(() => tf.tidy(() => tf.grad(f as never)(x)))).toBeInstanceOf(Error);
    expect(tf.memory().numTensors).toBe(before);
    // Also where another tape came first.
    await errorOf(() => tf.tidy(() => tf.grad(f as never)(x)));
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });

  it('leaves the tape whole for a function that goes on', async () => {
    const x = tf.tensor1d([0.5, 2]);
    const slope = (f: (x: tf.Tensor) => tf.Tensor) => tf.tidy(() => tf.grad(f)(x).dataSync());
    const expected = slope(x => tf.sigmoid(x));
    const found = slope(x => {
      const y = tf.sigmoid(x);
      abandonTapeSoon();
      return y;
    });
    expect(found).toEqual(expected);
    await Promise.resolve();
    expect(slope(x => tf.sigmoid(x))).toEqual(expected);
    x.dispose();
  });
});

describe('cloneOnTape', () => {
  it('outlives every tidy within the tape, and not the tape', () => {
    const copies: tf.Tensor[] = [];
    const copy = (x: tf.Tensor) => copies.push(cloneOnTape(x));
    expectNoLeak(() =>
      taped(x => {
        copy(x);
        tf.tidy(() => copy(x));
        tf.tidy(() => tf.tidy(() => void copy(tf.square(x))));
        // A tape within is part of the whole.
        tf.tidy(() => tf.grad(x => (copy(x), tf.sum(x)))(x));
        expect(copies.map(t => t.isDisposed)).toEqual([false, false, false, false]);
        expectClose(copies[2].dataSync(), tf.square(x).dataSync(), 0);
      }),
    );
    expect(copies.map(t => t.isDisposed)).toEqual([true, true, true, true]);
  });

  it('is gone after an error too, and belongs to the scope around it where no tape is live', () => {
    const x = tf.scalar(2);
    expectNoLeak(() => {
      const failing = () =>
        tf.tidy(() => {
          const f = (x: tf.Tensor) => {
            tf.tidy(() => void cloneOnTape(x));
            throw new Error('inside');
          };
          tf.grad(f)(x);
        });
      expect(failing).toThrow('inside');
      tf.tidy(() => void cloneOnTape(x));
    });
    x.dispose();
  });

  it('is part of what is differentiated', () => {
    // d(x^2)/dx = 2 x.
    const x = tf.scalar(3);
    expectClose(
      tf.tidy(() =>
        tf
          .grad(x => tf.square(cloneOnTape(x)))(x)
          .dataSync(),
      ),
      [6],
      0,
    );
    x.dispose();
  });
});

describe('leadsTo', () => {
  it('follows what was computed from what, in this direction only', () => {
    taped(x => {
      const [a, b] = [tf.square(x), tf.neg(x)];
      const sum = tf.add(a, 1);
      const concat = tf.concat([sum, b]);
      const ways = [a, b, sum, concat].map(y => [x, a, b, sum].map(from => leadsTo(from, y)));
      expect(ways).toEqual([
        [true, true, false, false],
        [true, false, true, false],
        [true, true, false, true],
        [true, true, true, true],
      ]);
      expect(leadsTo(concat, a)).toBe(false);
    });
  });

  it('knows tensors that are disposed of, and nothing of what was not recorded', () => {
    taped(x => {
      const a = tf.square(x);
      const y = tf.neg(a);
      a.dispose();
      expect(leadsTo(a, y)).toBe(true);
      expect(
        leadsTo(
          x,
          withoutTape(() => tf.square(x)),
        ),
      ).toBe(false);
      expect(leadsTo(x, tf.scalar(1))).toBe(false);
    });
  });
});
