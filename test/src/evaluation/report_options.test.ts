import {describe, expect, it} from 'vitest';
import {resolveReportOptions, type RobustnessReportOptions} from '../../../src/evaluation/report_options.js';
import {expectRefusal} from '../../support/expect_no_leak.js';

const resolve = (options: Partial<RobustnessReportOptions>) =>
  resolveReportOptions('report', {epsilons: [0.1], ...options});

describe('resolveReportOptions', () => {
  it('fills in what is left out', () => {
    const {checks, ...rest} = resolve({});
    expect(rest).toMatchObject({
      ...{epsilons: [0.1], norm: 'linf', bounds: [0, 1], sources: {}, sigmas: []},
      ...{seed: 0, batchSize: 100},
    });
    expect(checks).toHaveLength(12);
    expect(resolve({checks: false}).checks).toEqual([]);
    expect(resolve({checks: ['randomOutput']}).checks).toEqual(['randomOutput']);
  });

  it('sorts radii and takes each once, and leaves the lists of the caller alone', () => {
    const epsilons = [0.2, 0.1, 0.2];
    expect(resolve({epsilons, sigmas: [2, 1]})).toMatchObject({epsilons: [0.1, 0.2], sigmas: [1, 2]});
    expect(epsilons).toEqual([0.2, 0.1, 0.2]);
  });

  it.each<[string, object]>([
    ['epsilons', {epsilons: undefined}],
    ['epsilons', {epsilons: []}],
    ['epsilons', {epsilons: [0.1, 0]}],
    ['epsilons', {epsilons: [NaN]}],
    ['norm', {norm: 'l7'}],
    ['bounds', {bounds: [1, 0]}],
    ['sigmas', {sigmas: 0.1}],
    ['sigmas', {sigmas: [0]}],
    ['sources', {sources: [() => 0]}],
    ['sources', {sources: {twin: 5}}],
    ['checks', {checks: ['nope']}],
    ['checks', {checks: 'all'}],
    ['seed', {seed: 0.5}],
    ['batchSize', {batchSize: 0}],
    ['onProgress', {onProgress: 1}],
    ['signal', {signal: {}}],
    ['state', {state: {read: () => null}}],
    ['fingerprint', {fingerprint: ''}],
    ['options', {steps: 10}],
  ])('refuses bad %s: %o', async (argument, options) => {
    await expectRefusal(() => resolve(options as RobustnessReportOptions), argument);
  });

  it('refuses what is no object', async () => {
    await expectRefusal(() => resolveReportOptions('report', null as never), 'options', 'epsilons');
  });
});
