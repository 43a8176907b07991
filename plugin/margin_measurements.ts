import {dispose, gather, slice, tidy, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {
  batchMoments,
  boundaryGeometry,
  oneHotLabels,
  onLiveTape,
  scaleFactor,
  steepestDirection,
  TotalVariation,
  trueDistances,
  withoutTape,
  type Classifier,
  type FollowedExamples,
  type Geometry,
} from '../src/index.js';
import {withKernels} from './kernel_scope.js';
import type {MeasuringPlan} from './measuring_plan.js';
import {logitsMoved, seeActivations} from './moved_run.js';
import {intercept} from './taps.js';

/** What is measured of a set of examples. */
export interface Measured {
  /** [examples x classes]. */
  logits: Float32Array;
  /** By margin layer, one for each example. */
  layers: Record<string, {distances: Float32Array; denominators: Float32Array}>;
}

/** The data of a measurement. */
export interface Examples {
  /** A tensor for each input of the model, [examples, ...]. */
  xs: Tensor[];
  /** Class indices. */
  labels: Int32Array;
  /** How many are run at once. */
  batchSize: number;
}

type Measuring = Pick<MeasuringPlan, 'base' | 'plan'>;

/** Measures the signed distances of all examples at all margin layers, and their logits. */
export async function measureMargins(
  caller: string,
  measuring: Measuring,
  data: Examples,
): Promise<Measured> {
  const {plan} = measuring;
  const names = plan.layers.map(({name}) => name);
  const size = data.labels.length;
  const logits = new Float32Array(size * plan.classes);
  const column = () => new Float32Array(size);
  const layers = Object.fromEntries(
    names.map(name => [name, {distances: column(), denominators: column()}] as const),
  );
  for await (const {xs, labels, start} of batchesOf(data)) {
    const made = tidy(() => {
      const {geometry, logits} = look(caller, measuring, xs, labels);
      const columns = names.map(name => [geometry[name].distances, geometry[name].denominators]);
      return [logits, ...columns.flat()];
    });
    const [ofLogits, ...columns] = await readAll(made);
    logits.set(ofLogits, start * plan.classes);
    names.forEach((name, i) => {
      layers[name].distances.set(columns[2 * i], start);
      layers[name].denominators.set(columns[2 * i + 1], start);
    });
  }
  return {logits, layers};
}

/** Measures the total variation of the activations at each margin layer. */
export async function measureVariation(
  {base, plan}: Measuring,
  data: Examples,
): Promise<Record<string, number>> {
  const sums = Object.fromEntries(plan.layers.map(({name}) => [name, new TotalVariation()]));
  for await (const {xs, labels} of batchesOf(data)) {
    const made = tidy(() => {
      const {activations} = seeActivations(base, plan, xs);
      return plan.layers.flatMap(({name}) => {
        const {mean, squares} = batchMoments(activations[name]);
        return [mean, squares];
      });
    });
    const values = await readAll(made);
    plan.layers.forEach(({name}, i) => sums[name].add(values[2 * i], values[2 * i + 1][0], labels.length));
  }
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum.value]));
}

/** How true distances are sought. */
export interface Following {
  /** Places of the examples that are followed. */
  places: number[];
  /** How far, in units of the linear estimate. */
  limit: number;
  /** Smallest and largest value of an input. */
  bounds?: [number, number];
}

/** Finds at each margin layer where the class of some examples really changes, beside the linear estimates. */
export async function measureTrueDistances(
  caller: string,
  measuring: Measuring,
  data: Examples,
  {places, limit, bounds}: Following,
): Promise<Record<string, FollowedExamples>> {
  const {base, plan} = measuring;
  const chosen = data.xs.map(x => tidy(() => gather(x, places)));
  const results = Object.fromEntries(
    plan.layers.map(({name}) => [name, {places, estimates: [], found: []} as FollowedExamples]),
  );
  try {
    const labels = Int32Array.from(places, place => data.labels[place]);
    for await (const batch of batchesOf({...data, xs: chosen, labels})) {
      const {activations, places} = seeActivations(base, plan, batch.xs);
      let lines: Record<string, Line> = {};
      try {
        lines = tidy(() => linesOf(caller, measuring, batch));
        for (const {name, norm, scale} of plan.layers) {
          const at = activations[name];
          const place = places[name];
          const classifier: Classifier = moved => logitsMoved(base, plan, batch.xs, place, moved);
          const {towards, distances} = lines[name];
          // A scale stretches distances; the line is measured without it.
          const factor = scaleFactor(scale, at);
          const estimates = Array.from(await distances.data(), distance => distance / factor);
          const search = {norm, limit, ...('input' in place && {bounds})};
          const found = await trueDistances(caller, classifier, at, towards, estimates, batch.labels, search);
          results[name].estimates.push(...estimates.map(estimate => estimate * factor));
          results[name].found.push(...Array.from(found, distance => distance * factor));
        }
      } finally {
        dispose(activations);
        Object.values(lines).forEach(line => dispose(line));
      }
    }
    return results;
  } finally {
    dispose(chosen);
  }
}

/** At one layer: where the gap grows fastest, [batch, ...], and the linear distances, [batch]. */
type Line = {towards: Tensor; distances: Tensor};

function linesOf(caller: string, measuring: Measuring, {xs, labels}: Batch): Record<string, Line> {
  const {geometry} = look(caller, measuring, xs, labels);
  const lines = measuring.plan.layers.map(({name, norm}) => {
    const {gradients, distances} = geometry[name];
    return [name, {towards: steepestDirection(gradients, norm), distances}] as const;
  });
  return Object.fromEntries(lines);
}

/** One pass forward and one back to the margin layers; belongs to the tidy around. */
function look(
  caller: string,
  {base, plan}: Measuring,
  xs: Tensor[],
  indices: Int32Array,
): {geometry: Record<string, Geometry>; logits: Tensor2D} {
  const measure = () => {
    const {logits, activations} = intercept(base, plan, xs, false);
    const labels = withoutTape(() => oneHotLabels(indices, plan.classes));
    const geometry = boundaryGeometry(caller, labels, logits, activations, plan.layers, plan.options);
    return {geometry, logits};
  };
  return withKernels(() => onLiveTape(measure)) as ReturnType<typeof measure>;
}

interface Batch {
  xs: Tensor[];
  labels: Int32Array;
  start: number;
}

/** Cuts the examples into batches, whose inputs live until the next one is asked for. */
async function* batchesOf({xs, labels, batchSize}: Examples): AsyncGenerator<Batch> {
  for (let start = 0; start < labels.length; start += batchSize) {
    const count = Math.min(batchSize, labels.length - start);
    const batch = xs.map(x => slice(x, start, count));
    try {
      yield {xs: batch, labels: labels.subarray(start, start + count), start};
    } finally {
      dispose(batch);
    }
  }
}

/** The numbers of some tensors, which are disposed of. */
async function readAll(tensors: Tensor[]): Promise<Float32Array[]> {
  try {
    return await Promise.all(tensors.map(t => t.data() as Promise<Float32Array>));
  } finally {
    dispose(tensors);
  }
}
