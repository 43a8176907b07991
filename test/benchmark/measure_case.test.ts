import {describe, expect, it} from 'vitest';
import {measureCase} from './measure_case.mjs';

const modes = [
  {name: 'ce', title: 'cross-entropy', margin: null},
  {name: 'all-k1', title: 'k1', margin: {rivals: 'top'}},
  {name: 'random-k1', title: 'random', margin: {rivals: 'random'}},
];

/** An engine whose steps take a made-up time: `ms` for cross-entropy, twice that with a margin. */
function madeUp(name: string, {ms = 1, loss = 2, second = 1, load = ''} = {}) {
  const script = `
    let ms;
    require('node:readline').createInterface({input: process.stdin}).on('line', line => {
      const q = JSON.parse(line);
      const answer = () => {
        if (q.ask === 'steps') return {times: Array.from({length: q.count}, (_, i) => (i === 0 ? 1000 : ms))};
        ms = q.mode ? ${2 * ms} : ${ms};
        ${load}
        return {losses: [${loss}, ${second}], versions: {'${name}': '1'}};
      };
      console.log('ANSWER ' + JSON.stringify(answer()));
    });`;
  return {name, title: name, command: () => ({file: process.execPath, args: ['-e', script]})};
}

async function measure(
  engines: ReturnType<typeof madeUp>[],
  unavailable = new Map<string, string>(),
  more: {tolerances?: number[]} = {},
) {
  const context = {unavailable, versions: {} as Record<string, string>, python: undefined};
  let pieces = 0;
  const schedule = {turn: {turnMs: 0, least: 2}, rounds: () => 3, onPiece: () => pieces++};
  const rows = await measureCase({file: 'case.json', engines, modes, context, ...more}, schedule);
  const row = (mode: string, engine: string) => rows.find(r => r.mode === mode && r.engine === engine)!;
  return {rows, row, pieces, context};
}

describe('measureCase', () => {
  it('gives a row for each mode and engine, without the first step of each turn', async () => {
    const {rows, row, pieces, context} = await measure([
      madeUp('a', {ms: 6}),
      madeUp('tensorflow-function', {ms: 4}),
    ]);
    expect(rows.map(r => `${r.mode} ${r.engine}`)).toEqual([
      ...['ce a', 'ce tensorflow-function', 'all-k1 a', 'all-k1 tensorflow-function'],
      ...['random-k1 a', 'random-k1 tensorflow-function'],
    ]);
    // Three rounds of two steps for a margin; cross-entropy plays its own rounds and those of two modes.
    expect(row('all-k1', 'a')).toMatchObject({
      ms: 12,
      high: 12,
      steps: 6,
      toCrossEntropy: 2,
      toReference: 1.5,
    });
    expect(row('ce', 'a')).toMatchObject({ms: 6, steps: 18, toCrossEntropy: 1, toReference: 1.5});
    expect(row('all-k1', 'a').peakBytes).toBeGreaterThan(1e6);
    expect(pieces).toBe(3);
    expect(context.versions).toEqual({a: '1', 'tensorflow-function': '1'});
  });

  it('notices a loss that differs at the first step or after one update', async () => {
    const engines = [
      madeUp('a'),
      madeUp('same', {loss: 2.0001, second: 1.00005}),
      madeUp('first', {loss: 2.001}),
      madeUp('second', {second: 1.001}),
      madeUp('broken', {loss: NaN}),
    ];
    const {row} = await measure(engines);
    const differs = (mode: string) => engines.map(({name}) => row(mode, name).differs);
    expect(differs('all-k1')).toEqual([undefined, false, true, true, true]);
    expect(differs('ce')).toEqual([undefined, false, true, true, true]);
    expect(row('all-k1', 'first').differences![0]).toBeCloseTo(5e-4, 6);
  });

  it('takes the tolerances of the case, where it has some', async () => {
    const engines = [madeUp('a'), madeUp('second', {second: 1.001}), madeUp('far', {second: 1.02})];
    const {row} = await measure(engines, undefined, {tolerances: [1e-4, 1e-2]});
    expect(engines.map(({name}) => row('all-k1', name).differs)).toEqual([undefined, false, true]);
  });

  it('does not compare losses of random rivals', async () => {
    const {row} = await measure([madeUp('a'), madeUp('other', {loss: 7})]);
    expect(row('random-k1', 'other').differs).toBeUndefined();
    expect(row('all-k1', 'other').differs).toBe(true);
  });

  it('goes on without an engine that is not to be had, and does not ask again', async () => {
    const missing = madeUp('b', {load: "return {unavailable: 'not installed'};"});
    const {rows, context} = await measure([madeUp('a'), missing]);
    expect(rows.filter(r => r.engine === 'b').map(r => r.problem)).toEqual(['not available: not installed']);
    expect(rows.filter(r => r.engine === 'a').every(r => r.problem === undefined)).toBe(true);
    expect(context.unavailable.get('b')).toBe('not available: not installed');
    const again = await measure([madeUp('b')], context.unavailable);
    expect(again.rows.map(r => r.problem)).toEqual(['not available: not installed']);
  });

  it('goes on when an engine fails in one mode', async () => {
    const failing = madeUp('b', {load: "if (q.mode?.rivals === 'top') throw new Error('no such kernel');"});
    const {row} = await measure([madeUp('a'), failing]);
    expect(row('all-k1', 'b').problem).toContain('the worker ended');
    expect(row('all-k1', 'a').toCrossEntropy).toBe(2);
    expect(row('random-k1', 'b').toCrossEntropy).toBe(2);
  });
});
