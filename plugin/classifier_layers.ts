import type {Tensor, Tensor2D, Variable} from '@tensorflow/tfjs-core';
import type {layers, LayersModel} from '@tensorflow/tfjs-layers';
import {check, type Classifier} from '../src/index.js';
import {isOwnModel, ownLoss, ownTopology} from './classifier_own_loss.js';
import {activationOf, isReshape, isSoftmax} from './layer_kinds.js';
import {planMargin, type MarginPlan} from './margin_plan.js';
import {intercept} from './taps.js';
import {topologyText} from './topology_text.js';
import type {LayerCall} from './topology.js';

/** What `toClassifier` needs of a net, whatever class of model it is. */
export interface ClassifierNet {
  /** What the model is fed, [batch, ...], null or missing where any size will do. */
  inputShape?: Array<number | null>;
  /** Number of classes, where it is known before the net runs. */
  classes?: number;
  /** Runs the net at inference; on the live tape, where there is one. */
  logits(x: Tensor): Tensor2D;
  ownLoss?: Classifier['ownLoss'];
  /** In an order of their own that saving keeps; never disposed of by whoever asks. */
  weights(): Tensor[];
  /** A text that says what is computed with these weights, the same after saving and loading. */
  topology(): string;
}

/** Layers without weights that make probabilities of probabilities. */
const BLENDS = new Set(['Average', 'Add', 'Multiply', 'Maximum', 'Minimum']);
const PROBABILITIES = new Set(['sigmoid', 'hardSigmoid', 'softmax']);

/**
 * Finds the true logits of a tf.LayersModel, and of a LargeMarginModel its own loss, too.
 *
 * @param output Name of the classification output; undefined: the only one, or a LargeMarginModel's own.
 * @throws ArgumentError for a model that has none.
 */
export function layersNet(caller: string, model: LayersModel, output: string | undefined): ClassifierNet {
  const own = isOwnModel(model) ? model : undefined;
  const base = own?.baseModel ?? model;
  checkInputs(caller, base, output);
  // Any margin will do for a plan that only its logits are wanted of.
  const none = {gamma: 1, layers: ['output'], gradient: 'firstOrder'} as const;
  const plan = planMargin(caller, base, own?.options ?? {...none, layers: [...none.layers], output});
  const isItsOwn = !own || output === undefined || base.outputNames.indexOf(output) === plan.outputIndex;
  const itsName = base.outputNames[plan.outputIndex];
  check(isItsOwn, caller, 'output', `to be that of the model's margin, ${itsName}`, output);
  checkCalls(caller, plan);
  const inner = [...new Set(plan.calls.map(({layer}) => layer))];
  return {
    inputShape: base.inputs[0].shape,
    classes: plan.classes,
    logits: x => intercept(base, plan, [x], false).logits,
    ...(own && {ownLoss: (x, labels) => ownLoss(caller, own, plan, x, labels)}),
    weights: () => inner.flatMap(weightsOf),
    topology: () => JSON.stringify([topologyText(plan), own ? ownTopology(own) : '']),
  };
}

function checkInputs(caller: string, model: LayersModel, output: string | undefined): void {
  // Neither has a Sequential without layers, nor one whose first layer does not know its inputs.
  check(model.outputs?.length > 0, caller, 'model', 'to have a known input shape', model.name);
  if (!model.built) model.build(undefined as never);
  const {inputs, outputs, outputNames} = model;
  check(inputs.length === 1, caller, 'model', 'to have one input', `${inputs.length} inputs`);
  const shape = outputs[output === undefined ? 0 : outputNames.indexOf(output)]?.shape ?? [];
  const isUnit = shape.length === 2 && shape[1] === 1;
  const wayOut = 'give x -> tf.concat([tf.zerosLike(z), z], 1) of the number z before the sigmoid';
  check(!isUnit, caller, 'output', 'to have two classes or more', 'a single unit', wayOut);
}

function checkCalls(caller: string, {calls, softmax}: MarginPlan): void {
  const input = calls.find(call => call.isInput)!;
  const users = usersOf(input, calls);
  const isIds = users.length > 0 && users.every(({layer}) => layer.getClassName() === 'Embedding');
  const {dtype} = input.output;
  const isFloat = dtype === 'float32' && !isIds;
  const wayOut = 'attack what comes after the embedding: integers have no gradient';
  check(
    isFloat,
    caller,
    'model',
    'to have an input of float32',
    isIds ? 'ids of an Embedding' : dtype,
    wayOut,
  );
  const stateful = calls.find(({layer}) => (layer as layers.Layer & {stateful?: boolean}).stateful);
  check(!stateful, caller, 'model', 'to keep no state between calls', stateful?.layer.name);
  const last = calls[calls.length - 1];
  const late = softmax ? undefined : probabilitiesIn(last);
  const wanted = 'to be logits or their softmax';
  check(!late, caller, 'output', wanted, `${late?.layer.name}, made of probabilities`);
}

/** Who reads what a call gives, whatever its shape. */
function usersOf(call: LayerCall, calls: LayerCall[]): LayerCall[] {
  const users = calls.filter(({inputs}) => inputs.includes(call));
  return users.flatMap(user => (isReshape(user.layer) ? usersOf(user, calls) : [user]));
}

/** The call of which an output has its probabilities, as it is or blended. */
function probabilitiesIn(call: LayerCall): LayerCall | undefined {
  if (PROBABILITIES.has(activationOf(call.layer)) || isSoftmax(call)) return call;
  const isBlend = isReshape(call.layer) || BLENDS.has(call.layer.getClassName());
  if (!isBlend) return undefined;
  return call.inputs.map(probabilitiesIn).find(found => found !== undefined);
}

/** A layer's weights, also where they were disposed of, which `read` refuses. */
function weightsOf(layer: layers.Layer): Tensor[] {
  return layer.weights.map(weight => (weight as unknown as {val: Variable}).val);
}
