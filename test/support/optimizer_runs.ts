import {
  add,
  clone,
  dispose,
  fill,
  mul,
  square,
  sub,
  sum,
  tidy,
  variable,
  variableGrads,
  type Optimizer,
  type Scalar,
  type Tensor,
  type Variable,
} from '@tensorflow/tfjs-core';
import {expect} from 'vitest';
import {disableNativeKernels, enableNativeKernels} from '../../plugin/kernels/node/index.js';
import {expectSame} from './native_kernels.js';
import {randomTensor} from './randoms.js';

const SHAPES = [[3, 4], [4], [], [2, 2, 1, 3]];

/** What happens between two steps, at this step. */
export type Interruption = (
  step: number,
  variables: Variable[],
  optimizer: Optimizer,
) => void | Promise<void>;

/** A value is written by hand before step 5; before step 7 the slots are saved and read again. */
export const writeAndRestore: Interruption = async (step, variables, optimizer) => {
  if (step === 5) variables[0].assign(fill(variables[0].shape, 0.25));
  if (step !== 7) return;
  const saved = await optimizer.getWeights();
  const copies = saved.map(({name, tensor}) => ({name, tensor: clone(tensor)}));
  await optimizer.setWeights(copies);
  dispose([...saved, ...copies].map(({tensor}) => tensor));
};

/** Values and saved slots after steps of an optimizer down sums of squared differences, the same at each call. */
export async function runOptimizer(
  make: () => Optimizer,
  steps: number,
  interrupt: Interruption = () => {},
): Promise<Tensor[]> {
  const optimizer = make();
  const variables = SHAPES.map((shape, i) => tidy(() => variable(randomTensor(shape, i))));
  const goals = SHAPES.map((shape, i) => randomTensor(shape, 10 + i));
  for (let step = 0; step < steps; step++) {
    await interrupt(step, variables, optimizer);
    // In every third step the loss does not depend on the second variable.
    const used = variables.map((_, i) => !(step % 3 === 2 && i === 1));
    const loss = () =>
      variables
        .map((v, i) => mul(sum(square(sub(v, goals[i]))), i + 1))
        .filter((_, i) => used[i])
        .reduce((total, part) => add(total, part)) as Scalar;
    const {value, grads} = variableGrads(loss, variables);
    const named = variables.map(({name}) => ({name, tensor: grads[name]}));
    optimizer.applyGradients(named);
    dispose([value, grads]);
  }
  const saved = await optimizer.getWeights();
  const results = [...variables, ...saved.map(({tensor}) => tensor)].map(t => clone(t));
  // The iteration count is a new tensor at each call.
  dispose([...variables, ...goals, saved[0].tensor]);
  disposeWhole(optimizer);
  return results;
}

/** Expects the same from tfjs's own optimizer and from the faster one. */
export async function expectSameRuns(
  make: () => Optimizer,
  steps: number,
  bound: number,
  interrupt?: Interruption,
): Promise<void> {
  const stock = await runOptimizer(make, steps, interrupt);
  enableNativeKernels({scope: 'everywhere'});
  const run = runOptimizer(make, steps, interrupt);
  const ours = await run.finally(disableNativeKernels);
  expectSameResults(ours, stock, bound);
}

/** Expects two runs to have made the same, and disposes of it. */
export function expectSameResults(ours: Tensor[], stock: Tensor[], bound: number): void {
  expect(ours.length).toBe(stock.length);
  ours.forEach((tensor, i) => expectSame(tensor, stock[i], bound));
  dispose([...stock, ...ours]);
}

/** tfjs forgets some of an optimizer's scalars. */
export function disposeWhole(optimizer: Optimizer): void {
  const {c} = optimizer as unknown as {c?: Scalar};
  optimizer.dispose();
  if (c && !c.isDisposed) c.dispose();
}
