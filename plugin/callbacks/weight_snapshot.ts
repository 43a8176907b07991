import {clone, dispose, keep, util, type Variable} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check} from '../../src/index.js';
import type {NamedTensor} from './resumable_callback.js';

/** A model's weights as they were: tensors on the device that share their values with the weights until those change. */
export class WeightSnapshot {
  private kept: NamedTensor[] = [];

  /** The weights in the model's order, by names unlike one another; none where there is no snapshot. */
  get tensors(): NamedTensor[] {
    return [...this.kept];
  }

  /** Takes the weights of now in place of those before. */
  take(model: LayersModel): void {
    this.hold(
      model.weights.map((weight, i) => ({name: `${i}/${weight.originalName}`, tensor: weight.read()})),
    );
  }

  /** Takes copies of these tensors in place of those before. */
  hold(tensors: NamedTensor[]): void {
    const copies = tensors.map(({name, tensor}) => ({name, tensor: keep(clone(tensor))}));
    this.dispose();
    this.kept = copies;
  }

  /** Checks that the snapshot can be put back: as many tensors as weights, of the same shapes. */
  checkFits(caller: string, argument: string, model: LayersModel): void {
    const shapes = model.weights.map(({shape}) => shape as number[]);
    const kept = this.kept.map(({tensor}) => tensor.shape);
    const fits =
      shapes.length === kept.length && shapes.every((shape, i) => util.arraysEqual(shape, kept[i]));
    check(fits, caller, argument, `to have the shapes of the weights, ${JSON.stringify(shapes)}`, kept);
  }

  /** Puts the weights back, bit for bit; nothing where there is no snapshot. */
  restore(model: LayersModel): void {
    this.kept.forEach(({tensor}, i) => (model.weights[i].read() as Variable).assign(tensor));
  }

  /** Lets go of the tensors. */
  dispose(): void {
    dispose(this.kept.map(({tensor}) => tensor));
    this.kept = [];
  }
}
