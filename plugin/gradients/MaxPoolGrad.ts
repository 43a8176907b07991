import {
  add,
  avgPool,
  backend_util,
  engine,
  MaxPoolGrad,
  mul,
  ones,
  pad,
  tensor,
  tidy,
  zerosLike,
  type GradConfig,
  type MaxPoolGradAttrs,
  type NamedAttrMap,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

type Shape4D = [number, number, number, number];

/**
 * MaxPoolGrad(dy, x) routes each window's dy to the place of the window's maximum; it is linear in dy, and constant
 * in x wherever it has a slope. Its slope for dy is g at those places. The places of disjoint windows are read off
 * MaxPoolGrad(1, x) itself, hence with the backend's own rule for ties; windows that overlap are taken in turns.
 */
export const maxPoolGradGradConfig: GradConfig = {
  kernelName: MaxPoolGrad,
  inputsToSave: ['dy', 'input', 'output'],
  gradFunc: (g, saved, attrs) => {
    const [dy, input, output] = saved as Tensor4D[];
    const route = (dy: Tensor4D) => engine().runKernel(MaxPoolGrad, {dy, input, output}, attrs) as Tensor4D;
    return {
      dy: () => tidy(() => gatherMaxima(g as Tensor4D, dy.shape, input.shape, route, attrs)),
      input: () => zerosLike(input) as Tensor,
      output: () => zerosLike(output) as Tensor,
    };
  },
};

/**
 * The slope of a max pool's gradient for dy.
 *
 * @param g In the shape `input` of what was pooled.
 * @param output The shape of the pool's result.
 * @param route That gradient itself: takes values in the shape `output` to the places of the maxima.
 * @param attrs The pool's.
 */
export function gatherMaxima(
  g: Tensor4D,
  output: Shape4D,
  input: Shape4D,
  route: (dy: Tensor4D) => Tensor4D,
  attrs: NamedAttrMap,
): Tensor4D {
  const {filterSize, strides, pad: padding, dimRoundingMode} = attrs as unknown as MaxPoolGradAttrs;
  const info = backend_util.computePool2DInfo(input, filterSize, strides, 1, padding, dimRoundingMode);
  const turns = disjointWindows(info, output);
  const gathered = turns.map(windows => {
    const places = route(windows ?? (ones(output) as Tensor4D));
    const sums = sumPool(mul(g, places) as Tensor4D, info);
    return windows ? mul(sums, windows) : sums;
  });
  return gathered.reduce((total, part) => add(total, part)) as Tensor4D;
}

/** Masks of the pool's output shape, of sets of windows that do not overlap; null: no two windows overlap. */
function disjointWindows(info: backend_util.Conv2DInfo, output: Shape4D): Array<Tensor4D | null> {
  const rows = Math.ceil(info.filterHeight / info.strideHeight);
  const columns = Math.ceil(info.filterWidth / info.strideWidth);
  if (rows === 1 && columns === 1) return [null];
  const [, h, w] = output;
  const masks: Tensor4D[] = [];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const mask = Float32Array.from({length: h * w}, (_, i) =>
        Math.floor(i / w) % rows === r && (i % w) % columns === c ? 1 : 0,
      );
      masks.push(mul(tensor(mask, [1, h, w, 1]), ones(output)) as Tensor4D);
    }
  }
  return masks;
}

/** The sum over each pooling window; places outside the picture count 0. */
function sumPool(x: Tensor4D, info: backend_util.Conv2DInfo): Tensor4D {
  const {filterHeight, filterWidth, strideHeight, strideWidth, padInfo, outHeight, outWidth} = info;
  // A window may end before the picture does, or after it: pad below and to the right to exactly what is read.
  const bottom = (outHeight - 1) * strideHeight + filterHeight - info.inHeight - padInfo.top;
  const right = (outWidth - 1) * strideWidth + filterWidth - info.inWidth - padInfo.left;
  const sides: Array<[number, number]> = [
    [0, 0],
    [padInfo.top, Math.max(0, bottom)],
    [padInfo.left, Math.max(0, right)],
    [0, 0],
  ];
  const means = avgPool(
    pad(x, sides) as Tensor4D,
    [filterHeight, filterWidth],
    [strideHeight, strideWidth],
    'valid',
  );
  return mul(means, filterHeight * filterWidth) as Tensor4D;
}
