import {check, checkKeys, isFiniteNumber} from '../checks.js';
import {RandomStream} from '../random.js';
import {signatureFeatures, type LayerSignature} from './signature.js';
import {leastSquares, valueOf, type LinearFit} from './signature_least_squares.js';

export interface GapPredictorOptions {
  /** 'log' (default, as in the paper): the logarithm of each feature that is positive in all nets; 'none': features as they are. */
  transform?: 'log' | 'none';
  /** Number of groups of nets that are left out in turn for `kFoldR2`. Default 10, or the number of nets. */
  folds?: number;
  /** Seed of the groups, an integer. Default 0. */
  seed?: number;
}

/** A linear predictor of the generalization gap; plain data, to be stored as JSON. */
export interface GapPredictor extends LinearFit {
  /** The layers of the nets, by the names that the first net has for them. */
  layers: string[];
  /** Of which features the logarithm is taken: five for each layer, as `signatureFeatures` lists them. */
  isLogged: boolean[];
  /** Number of nets. */
  models: number;
  /** Coefficient of determination on these nets: 1 - residual / variance. */
  r2: number;
  /** The same with a price for each feature: 1 - (1 - r2)(n - 1)/(n - rank - 1); NaN where no freedom is left. */
  adjustedR2: number;
  /**
   * The same on nets that were left out: 1 - sum (gap - predicted)^2 / sum (gap - mean)^2, below 0 where the mean predicts
   * better. NaN where a group leaves fewer nets than features + 1.
   */
  kFoldR2: number;
}

const FIT = 'fitGapPredictor';
const PREDICT = 'predictGap';

/**
 * Fits a linear function of margin signatures to generalization gaps by least squares (Jiang et al., ICLR 2019).
 *
 *     gap = intercept + sum_j coefficient_j log(feature_j)
 *
 * @param signatures One for each net, measured on its training data; see `marginDistribution`. All have equally many layers.
 * @param gaps Training accuracy - test accuracy, or any other gap, one for each net.
 * @throws ArgumentError for signatures that are not finite or do not match, and for fewer nets than features + 1.
 * @example
 * const predictor = fitGapPredictor(distributions.map(({signature}) => signature), gaps);
 * const gap = predictGap(predictor, another.signature);
 */
export function fitGapPredictor(
  signatures: LayerSignature[][],
  gaps: ArrayLike<number>,
  options: GapPredictorOptions = {},
): GapPredictor {
  checkKeys(FIT, 'options', options, ['transform', 'folds', 'seed']);
  const {transform = 'log', folds, seed = 0} = options;
  const isTransform = transform === 'log' || transform === 'none';
  check(isTransform, FIT, 'transform', "to be 'log' or 'none'", transform);
  check(Number.isSafeInteger(seed), FIT, 'seed', 'to be an integer', seed);
  checkList(signatures);
  const features = signatures.map((signature, i) => featuresOf(FIT, signature, signatures[0].length, i));
  const n = features.length;
  const count = features[0].length;
  check(gaps.length === n, FIT, 'gaps', `to be ${n}, one for each net`, gaps.length);
  const targets = Array.from(gaps);
  const bad = targets.findIndex(gap => !isFiniteNumber(gap));
  check(bad < 0, FIT, 'gaps', `to be finite (net ${bad})`, targets[bad]);
  const wayOut = 'measure fewer layers, or more nets';
  check(n > count, FIT, 'signatures', `of at least ${count + 1} nets (features + 1)`, n, wayOut);
  const most = Math.min(10, n);
  const isCount = folds === undefined || (Number.isInteger(folds) && folds >= 2 && folds <= n);
  check(isCount, FIT, 'folds', `to be an integer in 2..${n} (number of nets)`, folds);
  const isLogged = features[0].map((_, j) => transform === 'log' && features.every(row => row[j] > 0));
  const rows = features.map(row => transformed(row, isLogged));
  const fit = leastSquares(rows, targets);
  const r2 = determination(
    targets,
    rows.map(row => valueOf(fit, row)),
  );
  const freedom = n - fit.rank - 1;
  return {
    ...fit,
    layers: signatures[0].map(({layer}) => layer),
    isLogged,
    models: n,
    r2,
    adjustedR2: freedom > 0 ? 1 - ((1 - r2) * (n - 1)) / freedom : NaN,
    kFoldR2: determination(targets, leftOutPredictions(rows, targets, folds ?? most, seed)),
  };
}

/**
 * Predicts the generalization gap of a net from its margin signature.
 *
 * @throws ArgumentError for a signature of other layers, and for one that is not finite or not positive where the
 *     logarithm is taken.
 */
export function predictGap(predictor: GapPredictor, signature: LayerSignature[]): number {
  const isPredictor = Array.isArray(predictor?.coefficients) && Array.isArray(predictor.isLogged);
  check(isPredictor, PREDICT, 'predictor', 'to be what fitGapPredictor gives', predictor);
  const {isLogged, layers} = predictor;
  const features = featuresOf(PREDICT, signature, layers.length);
  const bad = features.findIndex((value, j) => isLogged[j] && !(value > 0));
  const wanted = `to be positive at layer ${layers[Math.floor(bad / 5)]}, as those of the nets were`;
  check(bad < 0, PREDICT, 'signature', wanted, features[bad]);
  return valueOf(predictor, transformed(features, isLogged));
}

function checkList(signatures: unknown): asserts signatures is LayerSignature[][] {
  const isList = Array.isArray(signatures) && signatures.length > 0;
  check(isList, FIT, 'signatures', 'to be a list of signatures, one for each net', signatures);
}

function featuresOf(caller: string, signature: LayerSignature[], layers: number, net?: number): number[] {
  const ofNet = net === undefined ? '' : ` (net ${net})`;
  const argument = net === undefined ? 'signature' : 'signatures';
  const isFitting = Array.isArray(signature) && signature.length === layers && layers > 0;
  const got = Array.isArray(signature) ? signature.length : signature;
  check(isFitting, caller, argument, `to have ${Math.max(layers, 1)} layers, as the first net${ofNet}`, got);
  const features = signatureFeatures(signature);
  const bad = features.findIndex(value => !isFiniteNumber(value));
  const layer = signature[Math.floor(bad / 5)]?.layer;
  const wayOut =
    'a net that classifies nothing rightly, or a layer that is always the same, has no signature';
  check(bad < 0, caller, argument, `to be finite at layer ${layer}${ofNet}`, features[bad], wayOut);
  return features;
}

function transformed(features: number[], isLogged: boolean[]): number[] {
  return features.map((value, j) => (isLogged[j] ? Math.log(value) : value));
}

/** 1 - residual / variance; NaN where the values are all the same, or a prediction is. */
function determination(values: number[], predictions: number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const sumOf = (f: (i: number) => number) => values.reduce((sum, _, i) => sum + f(i) ** 2, 0);
  return 1 - sumOf(i => values[i] - predictions[i]) / sumOf(i => values[i] - mean);
}

/** What is predicted for each net by a fit to the groups that it is not in. */
function leftOutPredictions(rows: number[][], values: number[], folds: number, seed: number): number[] {
  const random = new RandomStream(seed);
  const keys = rows.map(() => random.next());
  const order = [...rows.keys()].sort((a, b) => keys[a] - keys[b]);
  const foldOf = new Map(order.map((net, place) => [net, place % folds]));
  const predictions = new Array<number>(rows.length);
  for (let fold = 0; fold < folds; fold++) {
    const others = [...rows.keys()].filter(net => foldOf.get(net) !== fold);
    const fit =
      others.length > rows[0].length
        ? leastSquares(
            others.map(net => rows[net]),
            others.map(net => values[net]),
          )
        : undefined;
    for (const net of rows.keys())
      if (foldOf.get(net) === fold) predictions[net] = fit ? valueOf(fit, rows[net]) : NaN;
  }
  return predictions;
}
