// Single kernels at the sizes of a step. Each is {group, title, size, flops, kernel, shapes, attrs}: `shapes` of its inputs
// by their names. Rows without `ours` are tfjs's own, which ours stand beside.

const PAPER = "paper's CNN, batch 64";
const MOBILENET = 'MobileNet 0.25, batch 8';
const FORMS = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
];

/** All of them, the forward convolutions first in their groups. */
export const kernelCases = [
  ...convolution(PAPER, 'conv1', [64, 28, 28, 1], [5, 5, 1, 32]),
  ...convolution(PAPER, 'conv2', [64, 14, 14, 32], [5, 5, 32, 64]),
  product(PAPER, 'dense', [64, 3136, 512], [false, false]),
  product(PAPER, 'dense, its weights', [3136, 64, 512], [true, false]),
  product(PAPER, 'dense, its input', [64, 512, 3136], [false, true]),
  ...convolution(MOBILENET, 'pointwise 6', [8, 14, 14, 64], [1, 1, 64, 128]),
  ...depthwise(MOBILENET, 'depthwise 3', [8, 56, 56, 32]),
  ...FORMS.map(form => product('square', '512 x 512 x 512', [512, 512, 512], form)),
];

/** A convolution with stride 1 and padding `same`, and what its training needs. */
function convolution(group, title, x, filter) {
  const [batch, height, width] = x;
  const y = [batch, height, width, filter[3]];
  const attrs = {strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dilations: [1, 1]};
  const flops = 2 * batch * height * width * sizeOf(filter);
  return [
    {group, title, flops, kernel: 'Conv2D', shapes: {x, filter}, attrs},
    {
      ...{group, title, flops, kernel: 'Conv2DBackpropFilter', shapes: {x, dy: y}},
      attrs: {...attrs, filterShape: filter},
    },
    {
      ...{group, title, flops, kernel: 'Conv2DBackpropInput', shapes: {dy: y, filter}},
      attrs: {...attrs, inputShape: x},
    },
  ];
}

function depthwise(group, title, x) {
  const filter = [3, 3, x[3], 1];
  const attrs = {strides: [1, 1], pad: 'same', dilations: [1, 1]};
  const flops = 2 * sizeOf(x) * 9;
  const named = suffix => `DepthwiseConv2dNative${suffix}`;
  return [
    {group, title, flops, kernel: named(''), shapes: {x, filter}, attrs},
    {
      ...{group, title, flops, kernel: named('BackpropFilter'), shapes: {x, dy: x}},
      attrs: {...attrs, filterShape: filter},
    },
    {
      ...{group, title, flops, kernel: named('BackpropInput'), shapes: {dy: x, filter}},
      attrs: {...attrs, inputShape: x},
    },
  ];
}

function product(group, title, [rows, terms, columns], [transposeA, transposeB]) {
  const a = transposeA ? [1, terms, rows] : [1, rows, terms];
  const b = transposeB ? [1, columns, terms] : [1, terms, columns];
  const form = `${transposeA ? "A'" : 'A'} ${transposeB ? "B'" : 'B'}`;
  return {
    ...{group, title: `${title}, ${form}`, kernel: 'BatchMatMul', flops: 2 * rows * terms * columns},
    ...{shapes: {a, b}, attrs: {transposeA, transposeB}},
  };
}

function sizeOf(shape) {
  return shape.reduce((a, b) => a * b, 1);
}
