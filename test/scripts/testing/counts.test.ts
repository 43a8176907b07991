import {expect, it} from 'vitest';
import {add, broken, counts, show, skipped, trustworthy} from '../../../scripts/testing/counts.mjs';
import {chooseSuites} from '../../../scripts/testing/suites.mjs';

const names = (suites: Array<{name: string}>) => suites.map(suite => suite.name);

it('a suite that ran no test is a failure, whatever its exit code says', () => {
  expect(show(trustworthy(counts(0, 0, 0), 0))).toBe('0 passed, 1 failed, 0 skipped');
});

it('a runner that failed without a failed test is a failure', () => {
  expect(show(trustworthy(counts(7, 0, 1), 1))).toBe('7 passed, 1 failed, 1 skipped');
});

it('a suite that skipped all of its tests is not a failure, only skipped', () => {
  expect(show(trustworthy(counts(0, 0, 2), 0))).toBe('0 passed, 0 failed, 2 skipped');
});

it('the total is the sum over the suites, with all their notes', () => {
  const total = [counts(3, 0, 0), skipped('no browser'), broken('no result')].reduce(add);
  expect(show(total)).toBe('3 passed, 1 failed, 1 skipped');
  expect(total.notes).toEqual(['skipped: no browser', 'failed: no result']);
});

it('suites are chosen by name or by group, and the long ones only so', () => {
  expect(names(chooseSuites(['reference', 'browser']))).toEqual([
    ...['reference-native', 'reference-native-tuned', 'reference-cpu', 'reference-wasm'],
    'browser',
  ]);
  const long = ['long', 'long-wasm'];
  expect(names(chooseSuites([])).filter(name => long.includes(name))).toEqual([]);
  expect(names(chooseSuites(['long']))).toEqual(long);
});

it('an unknown suite is an error that lists the known ones', () => {
  expect(() => chooseSuites(['nativ'])).toThrow(
    /^unknown suite nativ; known suites: tools, native, cpu, wasm, reference-native/,
  );
});
