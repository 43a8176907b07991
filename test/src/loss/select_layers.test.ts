import {describe, expect, it} from 'vitest';
import {resolveOptions} from '../../../src/options.js';
import {selectLayers, type LayerSets} from '../../../src/loss/select_layers.js';
import type {MarginOptions} from '../../../src/types.js';
import {expectRefusal} from '../../support/expect_no_leak.js';

const sets: LayerSets = {
  known: ['a', 'b', 'c'],
  input: ['input'],
  hidden: ['a', 'b'],
  output: ['output'],
};
const options = resolveOptions('f', {gamma: 2, norm: 'l1', scale: 3});
const select = (selection: unknown, over: Partial<LayerSets> = {}) =>
  selectLayers('f', selection as MarginOptions['layers'], {...sets, ...over}, options);
const names = (selection: unknown, over?: Partial<LayerSets>) =>
  select(selection, over).map(({name}) => name);

describe('selectLayers', () => {
  it("takes input and hidden layers for 'all', which is the default", () => {
    expect(names('all')).toEqual(['input', 'a', 'b']);
    expect(names(undefined)).toEqual(names('all'));
  });

  it("takes the input for 'input'", () => {
    expect(names('input')).toEqual(['input']);
  });

  it("means the sets by 'all' and by 'input' alone, also where a layer has the name of a set", () => {
    const over = {known: ['hidden', 'a', 'b', 'input'], hidden: ['hidden', 'a', 'b']};
    expect(names('all', over)).toEqual(['input', 'hidden', 'a', 'b']);
    expect(names(undefined, over)).toEqual(['input', 'hidden', 'a', 'b']);
  });

  it('takes a list in its order, with names and sets mixed', () => {
    expect(names(['c', 'output', 'hidden', 'input'])).toEqual(['c', 'output', 'a', 'b', 'input']);
  });

  it('prefers a layer to the set of its name', () => {
    expect(names(['hidden'], {known: ['a', 'hidden']})).toEqual(['hidden']);
    expect(names(['output', 'input'], {known: ['output', 'input']})).toEqual(['output', 'input']);
  });

  it('gives every layer what it says itself, and the rest from the options around', () => {
    expect(select(['c', {name: 'a', gamma: 5, weight: 0.5}])).toEqual([
      {name: 'c', gamma: 2, weight: 1, norm: 'l1', scale: 3},
      {name: 'a', gamma: 5, weight: 0.5, norm: 'l1', scale: 3},
    ]);
  });

  it("gives a set's settings to each of its layers", () => {
    expect(select([{name: 'hidden', norm: 'linf', scale: 'size'}])).toEqual([
      {name: 'a', gamma: 2, weight: 1, norm: 'linf', scale: 'size'},
      {name: 'b', gamma: 2, weight: 1, norm: 'linf', scale: 'size'},
    ]);
  });

  it('refuses an unknown layer and lists the known', async () => {
    await expectRefusal(() => select(['a', 'conv9']), 'layers', "'conv9'", 'known layers: a, b, c');
  });

  it('refuses a layer that is named twice, by itself or within a set', async () => {
    await expectRefusal(() => select(['a', 'a']), 'layers', 'once', "'a'");
    await expectRefusal(() => select(['hidden', {name: 'b', gamma: 1}]), 'layers', 'once', "'b'");
  });

  it('refuses an empty selection', async () => {
    await expectRefusal(() => select([]), 'layers', 'at least one');
    await expectRefusal(() => select(['hidden'], {hidden: []}), 'layers', 'at least one', 'known layers');
  });

  it.each(['hidden', 'a', 3, null, {name: 'a'}])('refuses the selection %j', async selection => {
    await expectRefusal(() => select(selection), 'layers', "'all', 'input' or a list");
  });

  it.each([[null], [3], [{}], [{name: 4}], [undefined]])('refuses the entry %j', async entry => {
    await expectRefusal(() => select([entry]), 'layers', 'names or objects with a name');
  });

  it('refuses a bad setting of a layer by name', async () => {
    await expectRefusal(() => select([{name: 'a', gamma: -1}]), 'gamma of layer a');
    await expectRefusal(() => select([{name: 'hidden', clip: 1}]), 'layers: a', "'clip'");
  });
});
