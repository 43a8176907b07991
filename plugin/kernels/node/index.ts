import {
  dispose,
  getBackend,
  getKernel,
  registerGradient,
  registerKernel,
  tidy,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import {abandonTape, check} from '../../../src/index.js';
import {addScopedKernels, isWithinKernels, type Install} from '../../kernel_scope.js';
import {adam} from './Adam.js';
import {difference} from '../compare.js';
import {largeMarginMaxPoolGrad} from './LargeMarginMaxPoolGrad.js';
import {largeMarginRelu6Grad} from './LargeMarginRelu6Grad.js';
import {largeMarginReluGrad} from './LargeMarginReluGrad.js';
import {convolutionWithBias} from './Conv2D.js';
import {conv2DBackpropInput} from './Conv2DBackpropInput.js';
import {momentum} from './Momentum.js';
import {isNative, NATIVE} from './native_backend.js';
import type {NativeKernel} from './native_kernel.js';
import {rmsProp} from './RMSProp.js';
import {sgd} from './SGD.js';
import {columnSum} from './Sum.js';
import {fusedBatchNorm} from './FusedBatchNorm.js';
import {columnMean} from './Mean.js';
import {putGradient, putOptimizer} from '../stand_in.js';

/** All of them. */
const nativeKernels = [
  ...[largeMarginReluGrad, largeMarginRelu6Grad, largeMarginMaxPoolGrad],
  ...[columnSum, columnMean, fusedBatchNorm, conv2DBackpropInput, convolutionWithBias],
  ...[rmsProp, adam, momentum, sgd],
];

/** Whether a faster kernel is in use, and if not, why. */
export interface NativeKernelReport {
  name: string;
  state: 'on' | 'off';
  reason: string;
}

/** Where the faster kernels are in effect. */
export interface NativeKernelOptions {
  /**
   * 'largeMargin' (default): only while a LargeMarginModel trains, evaluates or measures; other models keep tfjs's own
   * kernels. 'everywhere': in every model, until `disableNativeKernels()`.
   */
  scope?: 'largeMargin' | 'everywhere';
}

let disable = () => {};

/**
 * Lets tfjs-node train with faster kernels of TensorFlow than those it chooses itself. Each is compared first with what
 * it stands in for, and stays off where it is missing or differs.
 *
 * @returns For each kernel whether it is on, and why not: all are off on a backend other than tfjs-node's.
 * @throws ArgumentError for another scope, and in the middle of a step.
 * @example
 * await chooseBackend();
 * console.table(enableNativeKernels());
 */
export function enableNativeKernels({scope = 'largeMargin'}: NativeKernelOptions = {}): NativeKernelReport[] {
  const known = scope === 'largeMargin' || scope === 'everywhere';
  check(known, 'enableNativeKernels', 'scope', "to be 'largeMargin' or 'everywhere'", scope);
  const wayOut = 'call it before training, not in a loss, metric or callback of a step';
  check(
    !isWithinKernels(),
    'enableNativeKernels',
    'scope',
    'to be chosen between steps',
    'a running step',
    wayOut,
  );
  disableNativeKernels();
  if (!isNative()) {
    const reason = `the backend is ${getBackend()}, not ${NATIVE}`;
    return nativeKernels.map(({name}) => ({name, state: 'off', reason}));
  }
  const installs: Install[] = [];
  const reports = nativeKernels.map((kernel): NativeKernelReport => {
    registerOwn(kernel);
    const install = () => installKernel(kernel);
    const problem = tryOut(kernel, install);
    if (problem !== null) return {name: kernel.name, state: 'off', reason: problem};
    installs.push(install);
    return {name: kernel.name, state: 'on', reason: 'as tfjs in a comparison on small cases'};
  });
  const installAll = () => {
    const undo = installs.map(install => install());
    return () => undo.reverse().forEach(putBack => putBack());
  };
  disable = scope === 'everywhere' ? installAll() : addScopedKernels(installAll);
  return reports;
}

/** Gives tfjs its own kernels back. */
export function disableNativeKernels(): void {
  disable();
  disable = () => {};
}

function registerOwn({own}: NativeKernel): void {
  if (!own || getKernel(own.kernel.kernelName, NATIVE)) return;
  registerKernel(own.kernel);
  registerGradient(own.gradient);
}

/** Puts a kernel in place; what takes it away leaves alone what somebody else has put there since. */
function installKernel({gradient, kernels = [], optimizer, remove}: NativeKernel): () => void {
  const undo: Array<() => unknown> = [];
  if (gradient) undo.push(putGradient(gradient));
  for (const {of, replace} of kernels) {
    const stock = getKernel(of, NATIVE);
    const ours = replace(stock);
    putKernel(ours);
    undo.push(() => getKernel(of, NATIVE) === ours && putKernel(stock));
  }
  if (optimizer) undo.push(putOptimizer(optimizer));
  if (remove) undo.push(remove);
  return () => undo.reverse().forEach(putBack => putBack());
}

// A kernel that is registered twice makes tfjs warn.
function putKernel(config: Parameters<typeof registerKernel>[0]): void {
  unregisterKernel(config.kernelName, NATIVE);
  registerKernel(config);
}

/** Why a kernel cannot stand in for what tfjs has, or null. */
function tryOut({sample, tolerance = 1e-5}: NativeKernel, install: Install): string | null {
  const stock = tidy(sample);
  let undo = () => {};
  try {
    undo = install();
    const ours = tidy(sample);
    const problem = difference(stock, ours, tolerance);
    dispose(ours);
    return problem === null ? null : `it computed ${problem}`;
  } catch (error) {
    abandonTape();
    return error instanceof Error ? error.message.split('\n', 2).join(' ') : String(error);
  } finally {
    undo();
    dispose(stock);
  }
}
