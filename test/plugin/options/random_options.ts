import fc, {type Arbitrary} from 'fast-check';
import type {LargeMarginModelOptions} from '../../../plugin/margin_plan.js';
import type {MarginLayer, Schedule, Scheduled} from '../../../src/index.js';

/** Names that tfjs's saving rewrites, each in its own way, wherever they stand but under the key `name`. */
export const REWRITTEN = [
  'conv_layer1',
  'Block1_ConvA',
  'a/B_c',
  'UPPER',
  'Größe',
  '层_a',
  '_private',
  'x__y',
];

/** Numbers of every size; products of two of them are still neither 0 nor Infinity. */
const positive = fc.oneof(
  fc.double({min: 1e-100, max: 1e100, noNaN: true}),
  fc.constantFrom(1e-12, 1, 0.1, 1e21, 1 / 3),
);
const notNegative = fc.oneof(positive, fc.constantFrom(0, -0));
const rising = fc
  .uniqueArray(fc.double({min: -1e9, max: 1e9, noNaN: true}), {maxLength: 4, comparator: (a, b) => a === b})
  .map(values => values.sort((a, b) => a - b));

/** A number, or a schedule whose numbers are all allowed: where 0 is not, what is 0 by default must be given. */
function scheduled(number: Arbitrary<number>, mayBeZero: boolean): Arbitrary<Scheduled> {
  const orNot = mayBeZero ? [] : ['alpha', 'from', 'before'];
  const {value} = fc.letrec<{value: Scheduled; schedule: Schedule}>(tie => {
    const then = tie('value');
    const record = (
      name: Schedule['name'],
      model: Record<string, Arbitrary<unknown>>,
      optional: string[] = [],
    ) => {
      const required = Object.keys(model).filter(key => !optional.includes(key) || orNot.includes(key));
      const fields = fc.record(model, {requiredKeys: required});
      return fields.map(rest => ({name, ...rest}) as Schedule);
    };
    const staircase = fc.boolean();
    return {
      value: fc.oneof({maxDepth: 3, withCrossShrink: true}, number, tie('schedule')),
      schedule: fc.oneof(
        record('exponentialDecay', {initial: number, decaySteps: positive, decayRate: positive, staircase}, [
          'staircase',
        ]),
        record('cosineDecay', {initial: number, decaySteps: positive, alpha: number}, ['alpha']),
        rising.chain(boundaries =>
          record('piecewiseConstant', {
            boundaries: fc.constant(boundaries),
            values: fc.array(number, {minLength: boundaries.length + 1, maxLength: boundaries.length + 1}),
          }),
        ),
        record('warmUp', {steps: positive, from: number, then}, ['from']),
        record('delay', {steps: positive, before: number, then}, ['before']),
      ),
    };
  });
  return value;
}

const gamma = scheduled(positive, false);
const weight = scheduled(notNegative, true);
const norm = fc.oneof(
  fc.constantFrom('l1', 'l2', 'linf', Infinity, 1, 1.5),
  fc.double({min: 1, max: 1e300, noNaN: true}),
);
const scale = fc.oneof(positive, fc.constant('size' as const));
/** What a single margin layer may set. */
export const settings = {gamma, weight, norm, scale};

/** Valid options, as far as that can be known without a model; each may also be left out, or be undefined. */
export function optionsWith(name: Arbitrary<string>, topK: Arbitrary<number>, output: Arbitrary<string>) {
  const layer = fc.oneof(name, fc.record({name, ...settings}, {requiredKeys: ['name']}));
  const nameOf = (entry: string | {name: string}) => (typeof entry === 'string' ? entry : entry.name);
  const list = fc.uniqueArray(layer as Arbitrary<string | MarginLayer>, {
    minLength: 1,
    maxLength: 4,
    selector: nameOf,
  });
  const every: {
    [key in keyof Required<Omit<LargeMarginModelOptions, 'step' | 'gamma'>>]: Arbitrary<unknown>;
  } = {
    layers: fc.oneof({weight: 4, arbitrary: list}, fc.constantFrom('all', 'input')),
    norm,
    scale,
    scores: fc.constantFrom('logits', 'probabilities'),
    topK,
    rivals: fc.constantFrom('top', 'random'),
    aggregate: fc.constantFrom('max', 'sum'),
    reduceLayers: fc.constantFrom('sum', 'mean'),
    gradient: fc.constantFrom('exact', 'firstOrder'),
    batchStatistics: fc.constantFrom('constant', 'differentiated'),
    clip: fc.option(positive),
    epsilon: positive,
    marginWeight: weight,
    crossEntropyWeight: weight,
    labelSmoothing: fc.double({min: 0, max: 1, maxExcluded: true, noNaN: true}),
    seed: fc.maxSafeInteger(),
    output,
  };
  const orUndefined = Object.fromEntries(
    Object.entries(every).map(([key, value]) => [
      key,
      fc.oneof({weight: 9, arbitrary: value}, fc.constant(undefined)),
    ]),
  );
  return fc.record({gamma, ...orUndefined}, {requiredKeys: ['gamma']}) as Arbitrary<LargeMarginModelOptions>;
}

/** What may be written in two ways in one of them: Infinity is 'linf', a layer without settings its name, -0 is 0. */
export function plain({layers: list, ...rest}: LargeMarginModelOptions): object {
  const settings = (of: object) =>
    Object.fromEntries(
      Object.entries(of)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [key, key === 'norm' && value === Infinity ? 'linf' : noMinusZero(value)]),
    );
  const entry = (layer: string | MarginLayer) => {
    const all = settings(typeof layer === 'string' ? {name: layer} : layer);
    return Object.keys(all).length === 1 ? all.name : all;
  };
  const own = Array.isArray(list) ? list.map(entry) : list;
  return settings({...rest, layers: own});
}

function noMinusZero(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(noMinusZero);
  if (value === null || typeof value !== 'object') return Object.is(value, -0) ? 0 : value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, noMinusZero(part)]));
}
