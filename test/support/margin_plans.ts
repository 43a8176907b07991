import type {LayersModel} from '@tensorflow/tfjs-layers';
import {planMargin, type LargeMarginModelOptions, type MarginPlan} from '../../plugin/margin_plan.js';

/** The plan of a first-order margin of 1. */
export function planOf(net: LayersModel, options: Partial<LargeMarginModelOptions>): MarginPlan {
  return planMargin('f', net, {gamma: 1, gradient: 'firstOrder', ...options});
}

/** The margin layers of a model by name. */
export function namesOf(
  net: LayersModel,
  layers?: LargeMarginModelOptions['layers'],
  options: Partial<LargeMarginModelOptions> = {},
): string[] {
  if (!net.built) net.build(undefined as never);
  return planOf(net, {...options, layers}).layers.map(({name}) => name);
}
