import {LayersModel} from '@tensorflow/tfjs-layers';
import {check, valueAt, type MarginOptions, type Norm} from '../src/index.js';
import {planMargin, type LargeMarginModelOptions, type MarginPlan} from './margin_plan.js';

/** Measuring needs no gamma, but margin layers have one: this one stands for none. */
const NO_GAMMA = Number.MIN_VALUE;

/** Where and how a measurement differs from what the model says of itself. */
export interface MeasuringOptions {
  layers?: MarginOptions['layers'];
  norm?: Norm;
  epsilon?: number;
  output?: string;
}

/** What is measured, of a model as it is. */
export interface MeasuringPlan {
  /** The model itself or, of a LargeMarginModel, the one that it wraps. */
  base: LayersModel;
  /** Distances to the strongest rival, first order, since nothing is trained. */
  plan: MarginPlan;
  /** By margin layer, at the step that the model has come to; undefined: none. */
  gammas: Record<string, number | undefined>;
}

/** What a LargeMarginModel shows of itself: public pieces do not import one another. */
type Wrapper = LayersModel & {
  baseModel: LayersModel;
  options: LargeMarginModelOptions;
  stream: {steps: number};
};

/**
 * Plans a measurement of any model; a LargeMarginModel is measured by its own options where no others are given.
 *
 * @throws ArgumentError for what is no model and for options that do not fit it.
 */
export function planMeasuring(
  caller: string,
  model: LayersModel,
  {layers, norm, epsilon, output}: MeasuringOptions,
): MeasuringPlan {
  check(model instanceof LayersModel, caller, 'model', 'to be a tf.LayersModel', String(model));
  const wrapper = isWrapper(model) ? model : undefined;
  const {gamma = NO_GAMMA, ...own} = wrapper?.options ?? {};
  const options: LargeMarginModelOptions = {
    ...own,
    ...(layers !== undefined && {layers}),
    ...(norm !== undefined && {norm}),
    ...(epsilon !== undefined && {epsilon}),
    ...(output !== undefined && {output}),
    ...{gamma, topK: 1, rivals: 'top', gradient: 'firstOrder'},
  };
  const base = wrapper?.baseModel ?? model;
  const plan = planMargin(caller, base, options);
  const step = wrapper?.stream.steps ?? 0;
  const gammas = plan.layers.map(({name, gamma}) => {
    return [name, gamma === NO_GAMMA ? undefined : valueAt(gamma, step)] as const;
  });
  return {base, plan, gammas: Object.fromEntries(gammas)};
}

function isWrapper(model: LayersModel): model is Wrapper {
  return 'baseModel' in model && model.baseModel instanceof LayersModel;
}
