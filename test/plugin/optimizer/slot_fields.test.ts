import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {
  disposeSlot,
  isStock,
  requiredSlotFields,
  setIterations,
  sharedVariables,
  slotFields,
  slotsIn,
} from '../../../plugin/optimizer/slot_fields.js';
import {disposeWhole} from '../../support/optimizer_runs.js';
import {named, stepBy, STOCK} from './stock.js';

/** What each of tfjs's optimizers keeps, read from its source. */
const KEPT: Record<string, {slots: string[]; shared: string[]}> = {
  sgd: {slots: [], shared: []},
  momentum: {slots: ['accumulations'], shared: []},
  nesterov: {slots: ['accumulations'], shared: []},
  rmsprop: {slots: ['accumulatedMeanSquares', 'accumulatedMoments'], shared: []},
  adam: {slots: ['accumulatedFirstMoment', 'accumulatedSecondMoment'], shared: ['accBeta1', 'accBeta2']},
  adamax: {
    slots: ['accumulatedFirstMoment', 'accumulatedWeightedInfNorm'],
    shared: ['accBeta1', 'iteration'],
  },
  adagrad: {slots: ['accumulatedGrads'], shared: []},
  adadelta: {slots: ['accumulatedGrads', 'accumulatedUpdates'], shared: []},
};

describe.each(Object.entries(STOCK))('what %s keeps', (name, make) => {
  it('is found in its fields, before a step and after', () => {
    const optimizer = make();
    const v = named('slot_fields/v');
    expect(isStock(optimizer)).toBe(true);
    expect(requiredSlotFields(optimizer).sort()).toEqual(KEPT[name].slots);
    stepBy(optimizer, 0, [v]);
    const filled = slotFields(optimizer).filter(field => slotsIn(optimizer, field).length > 0);
    expect(filled.sort()).toEqual(KEPT[name].slots);
    expect(
      sharedVariables(optimizer)
        .map(([field]) => field)
        .sort(),
    ).toEqual(KEPT[name].shared);
    disposeWhole(optimizer);
    v.dispose();
  });
});

/** A class made from tfjs's, with fields that are no slots. */
class Derived extends tf.MomentumOptimizer {
  readonly history = [1, 2];
  readonly nothing = [];
}

describe('fields of an optimizer', () => {
  it('with anything but slots in them are none of slots', () => {
    const optimizer = new Derived(0.1, 0.9);
    expect(isStock(optimizer)).toBe(false);
    expect(slotFields(optimizer)).toEqual(['accumulations', 'nothing']);
    expect(requiredSlotFields(optimizer)).toEqual([]);
    disposeWhole(optimizer);
  });

  it('count the steps as they are told to', () => {
    const optimizer = STOCK.adam();
    setIterations(optimizer, 7);
    expect(optimizer.iterations).toBe(7);
    optimizer.dispose();
  });
});

describe('a slot', () => {
  it('is freed once, so that what shares its values lives on', () => {
    const variable = named('slot_fields/slot');
    const shared = tf.clone(variable);
    const slot = {originalName: 'v/m', variable};
    disposeSlot(slot);
    disposeSlot(slot);
    disposeSlot(undefined);
    expect(shared.dataSync().length).toBe(4);
    shared.dispose();
  });
});
