// Steps of optimizers, in the order of tfjs's own operations. What is new goes to arrays of its own.
import {lanes, put, take} from './lanes';

/** Where meanGrad is 0 the step is not centered. */
export function rmsPropStep(
  rest: i32,
  value: usize,
  gradient: usize,
  meanSquare: usize,
  moment: usize,
  meanGrad: usize,
  toValue: usize,
  toMeanSquare: usize,
  toMoment: usize,
  toMeanGrad: usize,
  learningRate: f32,
  decay: f32,
  rise: f32,
  momentum: f32,
  epsilon: f32,
): void {
  for (let at: usize = 0; rest > 0;) {
    const g = take(gradient + at, rest);
    const square = average(meanSquare + at, f32x4.mul(g, g), decay, rise, rest);
    put(toMeanSquare + at, square, rest);
    let under: v128;
    if (meanGrad) {
      const mean = average(meanGrad + at, g, decay, rise, rest);
      put(toMeanGrad + at, mean, rest);
      under = f32x4.sub(square, f32x4.add(f32x4.mul(mean, mean), f32x4.splat(epsilon)));
    } else under = f32x4.add(square, f32x4.splat(epsilon));
    const own = f32x4.div(f32x4.mul(g, f32x4.splat(learningRate)), f32x4.sqrt(under));
    const step = f32x4.add(f32x4.mul(take(moment + at, rest), f32x4.splat(momentum)), own);
    put(toMoment + at, step, rest);
    put(toValue + at, f32x4.sub(take(value + at, rest), step), rest);
    const count = lanes(rest);
    rest -= <i32>count;
    at += count << 2;
  }
}

/** power1 and power2 point to beta1 and beta2 to the power of the number of steps, this one included. */
export function adamStep(
  rest: i32,
  value: usize,
  gradient: usize,
  first: usize,
  second: usize,
  power1: usize,
  power2: usize,
  toValue: usize,
  toFirst: usize,
  toSecond: usize,
  learningRate: f32,
  beta1: f32,
  rise1: f32,
  beta2: f32,
  rise2: f32,
  epsilon: f32,
): void {
  const correction1 = f32x4.splat(1 - load<f32>(power1));
  const correction2 = f32x4.splat(1 - load<f32>(power2));
  for (let at: usize = 0; rest > 0;) {
    const g = take(gradient + at, rest);
    const m = average(first + at, g, beta1, rise1, rest);
    const v = average(second + at, f32x4.mul(g, g), beta2, rise2, rest);
    put(toFirst + at, m, rest);
    put(toSecond + at, v, rest);
    const root = f32x4.add(f32x4.sqrt(f32x4.div(v, correction2)), f32x4.splat(epsilon));
    const step = f32x4.mul(f32x4.div(f32x4.div(m, correction1), root), f32x4.splat(-learningRate));
    put(toValue + at, f32x4.add(step, take(value + at, rest)), rest);
    const count = lanes(rest);
    rest -= <i32>count;
    at += count << 2;
  }
}

/**
 * rate and momentum point to minus the learning rate and to the factor of what was accumulated; where accumulation is 0
 * there is none, as in gradient descent.
 */
export function momentumStep(
  rest: i32,
  value: usize,
  gradient: usize,
  accumulation: usize,
  rate: usize,
  momentum: usize,
  toValue: usize,
  toAccumulation: usize,
  isNesterov: i32,
): void {
  const c = v128.load32_splat(rate);
  const m = v128.load32_splat(momentum);
  for (let at: usize = 0; rest > 0;) {
    let step = take(gradient + at, rest);
    if (accumulation) {
      const sum = f32x4.add(f32x4.mul(m, take(accumulation + at, rest)), step);
      put(toAccumulation + at, sum, rest);
      step = isNesterov ? f32x4.add(step, f32x4.mul(sum, m)) : sum;
    }
    put(toValue + at, f32x4.add(f32x4.mul(c, step), take(value + at, rest)), rest);
    const count = lanes(rest);
    rest -= <i32>count;
    at += count << 2;
  }
}

/** What was there times decay, and what is new times rise. */
function average(before: usize, now: v128, decay: f32, rise: f32, rest: i32): v128 {
  return f32x4.add(f32x4.mul(take(before, rest), f32x4.splat(decay)), f32x4.mul(now, f32x4.splat(rise)));
}
