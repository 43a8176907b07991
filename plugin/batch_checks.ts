import type {Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check, checkFinite, readLabels, withoutTape, type LabelForm} from '../src/index.js';
import type {MarginPlan} from './margin_plan.js';

/** Data as tfjs takes it: a tensor, one for each input or output, or a record by name. */
export type Data = Tensor | Tensor[] | {[name: string]: Tensor};

/** Puts data in the order of the model's inputs or outputs. */
export function toList(caller: string, argument: string, data: Data, names: string[]): Tensor[] {
  const list = isTensor(data) ? [data] : Array.isArray(data) ? data : names.map(name => data?.[name]);
  const ok = list.length === names.length && list.every(isTensor);
  const wanted = `to be ${names.length} tensor(s) for ${names.join(', ')}`;
  check(ok, caller, argument, wanted, describe(data), 'make a tensor of an array, as tf.tensor1d(labels)');
  const areLive = list.every(({isDisposed}) => !isDisposed);
  check(areLive, caller, argument, 'to be live tensors', 'a disposed one');
  return list;
}

/** Checks inputs before anything is computed: shapes, at least one example, no NaN and no Infinity. */
export function checkInputs(caller: string, xs: Tensor[], model: LayersModel): void {
  xs.forEach((x, i) => {
    const {shape} = model.inputs[i];
    const fits =
      x.rank === shape.length &&
      x.shape.every((size, axis) => axis === 0 || shape[axis] == null || shape[axis] === size);
    check(fits, caller, 'x', `of shape [${shape.map(size => size ?? 'any')}]`, `[${x.shape}]`);
    check(x.shape[0] > 0, caller, 'x', 'to hold at least one example', `[${x.shape}]`);
    // A user's tape would keep what a check saves for its gradient, also after a throw.
    withoutTape(() => checkFinite(caller, 'x', x));
  });
}

/** Reads and checks the labels of the classification output: class indices, one for each example. */
export function readTargets(
  caller: string,
  ys: Tensor[],
  batch: number,
  plan: MarginPlan,
  form?: LabelForm,
): Int32Array {
  return readLabels(caller, ys[plan.outputIndex], batch, plan.classes, form);
}

function isTensor(value: unknown): value is Tensor {
  return typeof (value as Tensor)?.dataSync === 'function';
}

function describe(data: unknown): string {
  if (Array.isArray(data))
    return `${data.length} ${data.every(isTensor) ? 'tensor(s)' : 'items that are no tensors'}`;
  const isRecord = data !== null && typeof data === 'object';
  return isRecord && !('dataSync' in data)
    ? `the keys ${Object.keys(data).join(', ')}`
    : isRecord
      ? '1 tensor'
      : String(data);
}
