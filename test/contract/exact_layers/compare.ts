import {dispose, memory, train, type Tensor} from '@tensorflow/tfjs-core';
import {ArgumentError, LargeMarginModel, type LargeMarginModelOptions} from '../../../plugin/index.js';
import {modelGradientError} from '../../support/model_gradients.js';
import {labels, type ExactCase} from './nets.js';

/** Smooth in the weights but for the layers: all rivals, added up, and no cap. */
const OPTIONS: LargeMarginModelOptions = {
  gamma: 6,
  clip: null,
  topK: 2,
  aggregate: 'sum',
  reduceLayers: 'mean',
  norm: 'l2',
  gradient: 'exact',
};

/** What became of a net in exact mode. */
export type Outcome =
  | {state: 'compared'; error: number; loss: number; trained: number[]; left: number}
  | {state: 'refused' | 'no kernel'; why: string; left: number; isMoved: boolean};

/** Below it a gradient agrees with finite differences. */
export const BOUND = 1e-3;

const modelOf = ({net}: ExactCase, seed: number) => new LargeMarginModel(net(seed), OPTIONS);

/**
 * Compares all weight gradients of a net's loss, margin at the input and at hidden layers, with finite differences of
 * that loss; or takes a training step and says who refused it, and what it left behind.
 */
export async function outcomeOf(exactCase: ExactCase): Promise<Outcome> {
  const [x, y] = [exactCase.x(), labels()];
  try {
    const {training} = exactCase;
    const error = modelGradientError(seed => modelOf(exactCase, seed), x, y, {training});
    return {state: 'compared', error, loss: lossOf(exactCase, x, y), ...(await trainOnce(exactCase, x, y))};
  } catch (error) {
    const found = refusalOf(error);
    const {isMoved, left} = await tryStep(exactCase, x, y);
    return {...found, isMoved, left};
  } finally {
    dispose([x, y]);
  }
}

/** The loss with the first weights: engines must agree on it, as finite differences do not see a margin that is wrong. */
function lossOf(exactCase: ExactCase, x: Tensor, y: Tensor): number {
  const terms = modelOf(exactCase, 1).computeLoss(x, y, {training: exactCase.training ?? false});
  const [loss] = terms.loss.dataSync();
  dispose(terms as never);
  return loss;
}

/** A step of training: what it reports, and what it leaves behind. */
async function trainOnce(
  exactCase: ExactCase,
  x: Tensor,
  y: Tensor,
): Promise<{trained: number[]; left: number}> {
  const model = modelOf(exactCase, 1);
  model.compile({optimizer: train.sgd(1e-3)});
  const tensors = memory().numTensors;
  const trained = (await model.trainOnBatch(x, y)) as number[];
  return {trained, left: memory().numTensors - tensors};
}

function refusalOf(error: unknown): {state: 'refused' | 'no kernel'; why: string} {
  const {message} = error as Error;
  const missing = /Kernel '(\w+)' not registered/.exec(message);
  if (missing) return {state: 'no kernel', why: missing[1]};
  const refused = / a net with(?:out)? the (?:layer|operation) (.*?)(?:, got|;|$)/.exec(message);
  if (error instanceof ArgumentError && refused) return {state: 'refused', why: refused[1]};
  throw error;
}

async function tryStep(
  exactCase: ExactCase,
  x: Tensor,
  y: Tensor,
): Promise<{isMoved: boolean; left: number}> {
  const base = exactCase.net(1);
  const values = () => base.getWeights().map(weight => Array.from(weight.dataSync()));
  const before = JSON.stringify(values());
  const optimizer = train.sgd(0.1);
  const tensors = memory().numTensors;
  try {
    const model = new LargeMarginModel(base, OPTIONS);
    model.compile({optimizer});
    await model.trainOnBatch(x, y);
    throw new RangeError(`${exactCase.name} took a step that was to be refused`);
  } catch (error) {
    if (error instanceof RangeError) throw error;
  }
  return {left: memory().numTensors - tensors, isMoved: JSON.stringify(values()) !== before};
}
