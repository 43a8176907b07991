import type {serialization} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check, checkScheduled, resolveOptions, type MarginOptions} from '../src/index.js';
import type {LargeMarginModelOptions} from './margin_plan.js';
import {optionsFromConfig, optionsToConfig} from './options.js';
import {resolveClipping} from './optimizer/clipping.js';
import type {NonFiniteOptions} from './optimizer/non_finite.js';
import type {SteppingOptions} from './optimizer/stepper.js';

/** How a step is taken, whatever is minimized. */
export interface StepOptions extends SteppingOptions {
  /** What is done about a step with NaN or Infinity in it. Default 'raise'. */
  nonFinite?: NonFiniteOptions['policy'];
  /** With nonFinite 'skip': how many steps in a row may be left out. Default 10. */
  maxSkips?: number;
}

/** Options of a LargeMarginOptimizer: of the step, and those of the margin, which may be left out as a whole. */
export interface LargeMarginOptimizerOptions extends LargeMarginModelOptions, StepOptions {
  /** The model that will be trained, where its activations, scores and labels shall be intercepted. */
  model?: LayersModel;
}

/** The options by what they are for. */
export interface SplitOptions {
  step: StepOptions;
  /** Missing where no margin is asked for. */
  margin?: LargeMarginModelOptions;
}

const STEP_NAMES = [
  ...(['learningRate', 'globalClipNorm', 'clipValue'] as const),
  ...(['accumulationSteps', 'nonFinite', 'maxSkips'] as const),
];

/**
 * Splits and checks the options of an optimizer.
 *
 * @throws ArgumentError naming the option that is wrong.
 */
export function splitOptions(caller: string, options: LargeMarginOptimizerOptions): SplitOptions {
  const isObject = options !== null && typeof options === 'object';
  check(isObject, caller, 'options', 'to be an object', options);
  const {model, learningRate, accumulationSteps, nonFinite, maxSkips, globalClipNorm, clipValue, ...margin} =
    options;
  const resolved = resolveOptions(caller, margin as MarginOptions, ['output', 'model', ...STEP_NAMES]);
  check(
    resolved.step === undefined,
    caller,
    'step',
    'to be left out, for steps are counted here',
    resolved.step,
  );
  if (learningRate !== undefined) {
    checkScheduled(caller, 'learningRate', learningRate, (name, value) => {
      const ok = typeof value === 'number' && Number.isFinite(value) && value >= 0;
      check(ok, caller, name, 'to be a finite number >= 0', value);
    });
  }
  const isCount =
    accumulationSteps === undefined || (Number.isInteger(accumulationSteps) && accumulationSteps >= 1);
  check(isCount, caller, 'accumulationSteps', 'to be an integer >= 1', accumulationSteps);
  const clipping = resolveClipping(caller, {globalClipNorm, clipValue});
  const hasUse = maxSkips === undefined || nonFinite === 'skip';
  check(hasUse, caller, 'maxSkips', "to be left out unless nonFinite is 'skip'", maxSkips);
  checkLayers(caller, margin.layers);
  const given = Object.entries({learningRate, accumulationSteps, nonFinite, maxSkips, ...clipping});
  const step: StepOptions = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  const isMarginWanted = model !== undefined || Object.values(margin).some(value => value !== undefined);
  return isMarginWanted ? {step, margin: Object.freeze(optionsFromConfig(optionsToConfig(margin)))} : {step};
}

/** What they are called is looked at where layers are known; here, that they are called something. */
function checkLayers(caller: string, layers: unknown): void {
  if (!Array.isArray(layers)) return;
  const nameOf = (layer: unknown) =>
    typeof layer === 'string' ? layer : (layer as {name?: unknown} | null)?.name;
  const odd = layers.find(layer => typeof nameOf(layer) !== 'string');
  const isNamed = layers.every(layer => typeof nameOf(layer) === 'string');
  check(isNamed, caller, 'layers', 'to be names or {name, gamma, ...}', odd);
}

/** Writes split options as a config that survives tfjs's saving. */
export function splitToConfig({step, margin}: SplitOptions): serialization.ConfigDict {
  const config = margin ? {step, margin: optionsToConfig(margin)} : {step};
  return JSON.parse(JSON.stringify(config)) as serialization.ConfigDict;
}

/** Reads what `splitToConfig` wrote. */
export function optionsFromSplitConfig(config: serialization.ConfigDict): LargeMarginOptimizerOptions {
  const {step, margin} = config as Record<string, serialization.ConfigDict>;
  return {...(step as StepOptions), ...(margin && optionsFromConfig(margin))};
}
