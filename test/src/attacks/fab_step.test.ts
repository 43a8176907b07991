import {describe, expect, it} from 'vitest';
import type {Boundary} from '../../../src/attacks/boundaries.js';
import {biasedStep, planeOf, stepTo} from '../../../src/attacks/fab_step.js';

const l2 = {norm: 'l2' as const, bounds: [-99, 99] as [number, number]};

function boundary(gap: number, slope: number[]): Boundary {
  const steepness = Math.hypot(...slope);
  return {gap, slope: Float32Array.from(slope), steepness, distance: Math.abs(gap) / steepness};
}

describe('planeOf and stepTo', () => {
  it('go a hair beyond the boundary, from wherever', () => {
    // gap = x_0 - 1 as seen from (3, 5): the plane x_0 = 1, to be passed by 2 x 0.25.
    const plane = planeOf(boundary(2, [1, 0]), Float32Array.of(3, 5), 0.25);
    const from = (...point: number[]) => [...stepTo(plane, Float32Array.from(point), l2)].map(v => v + 0);
    expect([from(3, 5), from(7, 7), from(0, 7)]).toEqual([
      [-2.5, 0],
      [-6.5, 0],
      [0.5, 0],
    ]);
  });
});

describe('biasedStep', () => {
  const step = (rule: {alphaMax: number; eta: number}, x: number[], ...boundaries: Boundary[]) => {
    const at = Float32Array.of(3, 4);
    biasedStep(at, Float32Array.from(x), boundaries, 0, l2, rule);
    return [...at];
  };

  it('mixes the steps from the point and from the input by their lengths', () => {
    // The plane x_0 = 2: 1 from the point, 4 from the input (6, 0); a = 1 / 5, 0.8 (2, 4) + 0.2 (2, 0).
    const [first, second] = step({alphaMax: 1, eta: 1}, [6, 0], boundary(1, [1, 0]));
    expect(first).toBeCloseTo(2, 6);
    expect(second).toBeCloseTo(3.2, 6);
    // No more than alphaMax: 0.9 (2, 4) + 0.1 (2, 0).
    expect(step({alphaMax: 0.1, eta: 1}, [6, 0], boundary(1, [1, 0]))[1]).toBeCloseTo(3.6, 6);
  });

  it('goes eta times the way', () => {
    expect(step({alphaMax: 0, eta: 1.5}, [6, 0], boundary(1, [1, 0]))).toEqual([1.5, 4]);
  });

  it('stays where the boundary is', () => {
    expect(step({alphaMax: 1, eta: 1}, [3, 4], boundary(0, [1, 0]))).toEqual([3, 4]);
  });

  it('goes to the boundary that is nearest inside the bounds', () => {
    const at = Float32Array.of(0.5, 0.1, 0.5);
    // Without bounds the second value alone would reach the first plane, 0.3 away; it can fall by 0.1 only, and the
    // first value has to gain the rest, 0.2 / 0.2. The second plane is 0.4 away.
    const near = boundary(0.3, [0.2, 1, 0]);
    const far = boundary(0.4, [0, 0, 1]);
    biasedStep(at, at.slice(), [near, far], 0, {norm: 'l2', bounds: [0, 1]}, {alphaMax: 0, eta: 1});
    expect([...at]).toEqual([0.5, 0.1, 0.5 - 0.4].map(Math.fround));
  });

  it('goes as far as it can where no boundary is inside the bounds', () => {
    const at = Float32Array.of(0.5, 0.5, 0.5);
    biasedStep(
      at,
      at.slice(),
      [boundary(9, [1, -1, 0])],
      0,
      {norm: 'l2', bounds: [0, 1]},
      {alphaMax: 0, eta: 1},
    );
    expect([...at]).toEqual([0, 1, 0.5]);
  });
});
