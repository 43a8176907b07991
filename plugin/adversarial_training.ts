import {dispose, Tensor} from '@tensorflow/tfjs-core';
import {LayersModel} from '@tensorflow/tfjs-layers';
import {
  check,
  mixBatch,
  resolveMixing,
  type AdversarialOptions,
  type Classifier,
  type CommonAttackOptions,
} from '../src/index.js';
import {toClassifier} from './classifier.js';
import {isOwnModel} from './classifier_own_loss.js';

const CALLER = 'adversarialDataset';

/** What is needed of a tf.data.Dataset; tfjs-data is not imported. */
export interface MappableDataset {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- whatever the dataset's elements are.
  mapAsync(transform: (value: any) => Promise<any>): unknown;
}

/** Options of `adversarialDataset`. */
export type AdversarialDatasetOptions<Own extends CommonAttackOptions = CommonAttackOptions> =
  AdversarialOptions<Own> & {
    /** Of several outputs the name of the classification output: its labels are what the attack leads away from. */
    output?: string;
  };

/**
 * Makes of a dataset of batches one in which a random share of every batch is replaced by adversarial examples of the
 * model as it is when the batch is asked for: adversarial training with `fitDataset` (Goodfellow et al. 2015; Kurakin et
 * al. 2017; Madry et al. 2018: share 1 and `pgd`). Labels stay as they are.
 *
 * The model may be a plain tf.LayersModel, with a LargeMarginOptimizer too, or a LargeMarginModel (`loss: 'own'` attacks
 * its margin); examples are crafted at inference. Every batch draws anew, in the next epoch too; the same seed gives the same
 * training. Let no `prefetch` follow: what it asks for early is crafted for weights of before. Examples whose logits
 * are NaN or Infinity pass into the batch, where the training step sees them.
 *
 * @param dataset A tf.data.Dataset of batches {xs, ys}: tensors, or records of tensors by name; xs inside the bounds.
 * @param model The model that is trained, or a classifier of it.
 * @param options `attack` and `epsilon`, `share`, `labels`, `seed` (see MixingOptions), and the attack's own.
 * @returns A dataset like the first; tf.data disposes of what was replaced.
 * @throws ArgumentError for bad arguments; those of the attack, and bad batches, when a batch is asked for, before its
 *     step; the batch is then disposed of.
 * @example
 * const mixed = adversarialDataset(dataset, model, {attack: fgsm, epsilon: [0, 0.3], share: 0.5});
 * await model.fitDataset(mixed, {epochs: 5});
 */
export function adversarialDataset<D extends MappableDataset, Own extends CommonAttackOptions>(
  dataset: D,
  model: LayersModel | Classifier,
  options: AdversarialDatasetOptions<Own>,
): D {
  const isDataset = typeof dataset?.mapAsync === 'function';
  check(isDataset, CALLER, 'dataset', 'to be a tf.data.Dataset', String(dataset));
  const {output, ...rest} = options ?? {};
  const mixing = resolveMixing(CALLER, rest as unknown as AdversarialOptions);
  const isModel = model instanceof LayersModel;
  const isEither = isModel || typeof model === 'function';
  check(isEither, CALLER, 'model', 'to be a tf.LayersModel or a classifier', String(model));
  const classifier = isModel ? toClassifier(model, {output}) : model;
  const outputs = isModel ? model.outputNames : [];
  const name = output ?? (isModel && isOwnModel(model) ? model.options.output : undefined);
  let batches = 0;
  return dataset.mapAsync(async (batch: unknown) => {
    try {
      const {xs, ys} = checkBatch(batch);
      const labels = choose('ys', ys, name, outputs);
      const mixed = await mixBatch(CALLER, classifier, choose('xs', xs), labels, mixing, batches++);
      return {...(batch as object), xs: withTensor(xs, mixed)};
    } catch (error) {
      // tf.data does not, when a transformation throws.
      dispose(batch as Data);
      throw error;
    }
  }) as D;
}

/** A side of a batch as tf.data has it. */
type Data = Tensor | Tensor[] | Record<string, Tensor>;

function checkBatch(batch: unknown): {xs: Data; ys: Data} {
  const {xs, ys} = (batch ?? {}) as Partial<Record<'xs' | 'ys', Data>>;
  const keys = batch !== null && typeof batch === 'object' ? Object.keys(batch).join(', ') : typeof batch;
  check(xs !== undefined && ys !== undefined, CALLER, 'dataset', 'to have elements {xs, ys}', keys);
  return {xs, ys};
}

/** The only tensor, or that of a name, which in a list has the place of that output. */
function choose(argument: string, data: Data, name?: string, outputs: string[] = []): Tensor {
  const isList = Array.isArray(data);
  const entries = data instanceof Tensor ? [] : Object.entries(data ?? {});
  const key = isList ? String(outputs.indexOf(name!)) : name;
  const found = entries.length > 1 ? entries.find(([at]) => at === key)?.[1] : entries[0]?.[1];
  const chosen = data instanceof Tensor ? data : found;
  const wanted = `to hold one tensor${name === undefined ? '' : `, or one for the output ${name}`}`;
  const got = `${isList ? `${data.length} tensors` : entries.map(([at]) => at).join(', ') || String(data)}`;
  check(chosen instanceof Tensor, CALLER, argument, wanted, got);
  return chosen;
}

/** The same form with another tensor in it. */
function withTensor(data: Data, tensor: Tensor): Data {
  if (data instanceof Tensor) return tensor;
  return Array.isArray(data) ? [tensor] : {[Object.keys(data)[0]]: tensor};
}
