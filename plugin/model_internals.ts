import type {Scalar, Tensor, Variable} from '@tensorflow/tfjs-core';
import type {LayersModel, ModelCompileArgs} from '@tensorflow/tfjs-layers';
import type {LabelLoss} from './label_losses.js';

/** Fields of LayersModel that its training uses and its typings keep private. */
export interface ModelInternals {
  loss?: ModelCompileArgs['loss'];
  lossFunctions?: LabelLoss[];
  metricsTensors: Array<[LabelLoss, number]>;
  collectedTrainableWeights: Array<{read(): Variable}>;
  testFunction: (data: Tensor[]) => Scalar[];
  makeTestFunction: () => void;
}

/** The model that trains: a Sequential one leaves that to a functional model inside. */
export function trainedModel(model: LayersModel): LayersModel {
  return (model as unknown as {model?: LayersModel}).model ?? model;
}

export function internalsOf(model: LayersModel): ModelInternals {
  return model as unknown as ModelInternals;
}
