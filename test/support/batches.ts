import {clone, type Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {data} from '@tensorflow/tfjs-node';

type Dataset = Parameters<LayersModel['fitDataset']>[0] & Parameters<LayersModel['evaluateDataset']>[0];
type Batch = {xs: Tensor | Tensor[]; ys: Tensor | Tensor[]};

/** A tf.data dataset of these batches; each pass hands out copies, which belong to whoever takes them. */
export function batches(make: () => Batch[]): Dataset {
  const copy = (t: Tensor | Tensor[]) => (Array.isArray(t) ? t.map(one => clone(one)) : clone(t));
  function* pass() {
    for (const {xs, ys} of make()) yield {xs: copy(xs), ys: copy(ys)};
  }
  return data.generator(pass as never) as unknown as Dataset;
}
