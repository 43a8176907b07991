import {
  All,
  Any,
  Equal,
  Greater,
  Less,
  LessEqual,
  LogicalAnd,
  LogicalNot,
  LogicalOr,
  LogicalXor,
  NotEqual,
  zeros,
  type GradConfig,
} from '@tensorflow/tfjs-core';

const OF_TWO = [Equal, NotEqual, Less, LessEqual, Greater, LogicalAnd, LogicalOr, LogicalXor];

/**
 * A comparison does not change but at a jump: its slopes are 0. tfjs says so of GreaterEqual only; maxima, relu6, selu,
 * leakyRelu and their like compare with the others in their gradients, and masks are made of them.
 */
export const comparisonGradConfigs: GradConfig[] = [
  ...OF_TWO.map(kernelName => flat(kernelName, ['a', 'b'])),
  ...[LogicalNot, Any, All].map(kernelName => flat(kernelName, ['x'])),
];

function flat(kernelName: string, inputs: string[]): GradConfig {
  return {
    kernelName,
    inputsToSave: inputs,
    // float32 whatever was compared: tfjs takes no other gradient.
    gradFunc: (_, saved) =>
      Object.fromEntries(inputs.map((input, i) => [input, () => zeros(saved[i].shape)])),
  };
}
