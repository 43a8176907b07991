import {
  add,
  customGrad,
  div,
  mul,
  neg,
  relu,
  round,
  sign,
  sin,
  sqrt,
  sub,
  tanh,
  zerosLike,
  type Tensor,
} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {measureFalseGradients} from '../../../src/evaluation/probe_slopes.js';
import type {Subject} from '../../../src/evaluation/subject.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {casesFor, linearNet} from '../../support/report_nets.js';

const net = linearNet();
const after = (f: (x: Tensor) => Tensor) => (x: Tensor) => net(f(x));

async function measured(classifier: Subject['classifier']): Promise<number> {
  const {x, labels} = casesFor(net, 12);
  const shared = {caller: 'report', classes: 3, norm: 'linf', bounds: [0, 1], seed: 0, batchSize: 5};
  const subject = {...shared, classifier, x, labels} as Subject;
  const value = await expectNoLeakAsync(() => measureFalseGradients(subject));
  x.dispose();
  return value;
}

/** f going forward, and a gradient of its own. */
function withSlope(f: (x: Tensor) => Tensor, slope: (x: Tensor, dy: Tensor) => Tensor) {
  return customGrad(((x: Tensor) => ({
    value: f(x),
    gradFunc: (dy: Tensor) => slope(x, dy),
  })) as never) as unknown as (x: Tensor) => Tensor;
}

describe('the share of false gradients is none', () => {
  it.each<[string, Subject['classifier']]>([
    ['a linear net', net],
    ['a net with kinks', after(x => relu(sub(x, 0.4)))],
    ['a smooth net', after(x => tanh(mul(x, 3)))],
    ['a net that is not defined below 0', after(x => sqrt(x))],
    ['logits of any scale', x => mul(net(x), 1e5)],
    ['a net that is flat, and says so', x => mul(net(x), 0)],
    ['a net that breaks', x => add(net(x), NaN)],
  ])('%s', async (_, classifier) => {
    expect(await measured(classifier)).toBe(0);
  });
});

describe('the share of false gradients is all, or nearly', () => {
  it.each<[string, Subject['classifier']]>([
    ['a gradient of 0 that is none', after(withSlope(x => x.clone(), zerosLike))],
    [
      'the opposite gradient',
      after(
        withSlope(
          x => x.clone(),
          (_, dy) => neg(dy),
        ),
      ),
    ],
    [
      'steps with the gradient of the identity',
      after(
        withSlope(
          x => div(round(mul(x, 7)), 7),
          (_, dy) => dy,
        ),
      ),
    ],
    [
      'a sign with the gradient of the identity',
      after(
        withSlope(
          x => sign(sub(x, 0.5)),
          (_, dy) => dy,
        ),
      ),
    ],
    ['ripples that no step of use can follow', after(x => add(x, mul(sin(mul(x, 1e4)), 0.1)))],
  ])('%s', async (_, classifier) => {
    expect(await measured(classifier)).toBeGreaterThanOrEqual(0.75);
  });
});
