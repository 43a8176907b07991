import {describe, expect, it} from 'vitest';
import {UsageError} from '../../scripts/benchmark/arguments.mjs';
import {guessMs, headingOf, planCases} from './plan.mjs';

const mode = (name: string) => ({name, title: name, cost: 2});
const engines = ['a', 'b', 'c'].map(name => ({
  name,
  title: name,
  parts: name === 'c' ? ['other'] : ['part'],
}));
const cases = [64, 256].map(batch => ({
  ...{net: 'cnn', batch, classes: 10},
  modes: [mode('ce'), mode('k1'), mode('exact')],
}));
const part = {name: 'part', cases: () => cases};
const blind = {name: 'gpu', unavailable: () => 'no GPU: untested', cases: () => cases};

interface Planned {
  part: string;
  batch: number;
  engines: Array<{name: string}>;
  modes: Array<{name: string}>;
}

function shape(options: object): string[] {
  const names = (list: Array<{name: string}>) => list.map(({name}) => name).join();
  const planned = planCases([part], options, engines).cases as Planned[];
  return planned.map(one => `${one.part} ${one.batch} ${names(one.engines)} ${names(one.modes)}`);
}

describe('planCases', () => {
  it('takes all cases of a part, engines in the order of the table', () => {
    expect(shape({})).toEqual(['part 64 a,b ce,k1,exact', 'part 256 a,b ce,k1,exact']);
  });

  it('narrows down by engine, mode and batch, and always keeps cross-entropy', () => {
    expect(shape({engines: ['b'], modes: ['exact'], batches: [256]})).toEqual(['part 256 b ce,exact']);
  });

  it('notes the part that cannot run here and goes on with the others', () => {
    const {cases, notes} = planCases([blind, part], {}, engines);
    expect(notes).toEqual(['gpu: no GPU: untested']);
    expect(cases).toHaveLength(2);
    expect(planCases([blind], {}, engines)).toEqual({cases: [], notes: ['gpu: no GPU: untested']});
  });

  it('notes what a part says that it leaves out', () => {
    const partial = {...part, notes: () => ['MobileNet: not there']};
    expect(planCases([partial], {}, engines).notes).toEqual(['MobileNet: not there']);
  });

  it.each([
    [{engines: ['nothing']}, "--engines: nothing is none of these parts' engines: a, b"],
    [{modes: ['k7']}, "--modes: k7 is none of these parts' modes: ce, k1, exact"],
    [{batches: [1]}, "--batches: 1 is none of these parts' batches: 64, 256"],
  ])('refuses %j', (options, message) => {
    expect(() => shape(options)).toThrow(UsageError);
    expect(() => shape(options)).toThrow(message);
  });
});

describe('headingOf', () => {
  it('names net and batch, the classes where they are not ten, and what grows', () => {
    expect(headingOf({batch: 64, classes: 10, sweep: undefined}, {title: 'CNN'})).toBe('CNN, batch 64');
    expect(headingOf({batch: 64, classes: 30, sweep: 'classes'}, {title: 'CNN'})).toBe(
      'growth with classes: CNN, batch 64, 30 classes',
    );
  });
});

describe('guessMs', () => {
  it('counts the start of each engine and its turns', () => {
    const one = {net: 'cnn', batch: 100, engines: ['a', 'b']};
    // A step of 1 ms x 100 x 2 = 200 ms; 5 s to start, then 4 turns of 3 + 1 steps, for two engines.
    expect(guessMs(one, {cost: 2}, {cnn: {guessMs: 1}}, {rounds: 4, steps: 3})).toBe(
      2 * (5000 + 4 * 4 * 200),
    );
  });
});
