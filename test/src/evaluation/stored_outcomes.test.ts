import {expect, it} from 'vitest';
import type {GradientHealth} from '../../../src/attacks/attack_types.js';
import {packOutcomes, unpackOutcomes} from '../../../src/evaluation/stored_outcomes.js';

const found = {
  success: [true, false, false, true],
  broken: [false, false, true, false],
  distance: Float64Array.of(0.1, Infinity, NaN, 1 / 3),
};
const gradients: GradientHealth[] = ['sound', 'zero', 'nan', 'infinite'];
const through = (outcomes: Parameters<typeof packOutcomes>[0], keepsDistance: boolean) =>
  unpackOutcomes(JSON.parse(JSON.stringify(packOutcomes(outcomes, keepsDistance))));

it('outcomes come back from JSON as they were, NaN, Infinity and every digit', () => {
  const {success, broken} = found;
  expect(through({...found, gradients}, true)).toEqual({
    ...{success, broken, gradients},
    distance: Array.from(found.distance),
  });
});

it('what a transfer knows of its source comes back, too', () => {
  const sourceBroken = [false, true, true, false];
  const {success, broken} = found;
  expect(through({...found, sourceBroken}, false)).toEqual({success, broken, sourceBroken});
});

it('what was not used or asked for is not there', () => {
  const {success, broken} = found;
  expect(Object.entries(through(found, false))).toEqual(Object.entries({success, broken}));
});

it('takes a character an example', () => {
  const packed = packOutcomes({...found, gradients}, false);
  expect(packed).toEqual({
    success: '1001',
    broken: '0010',
    gradients: 'szni',
    distance: [],
    sourceBroken: '',
  });
});
