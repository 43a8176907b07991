import * as tf from '@tensorflow/tfjs';
import type {NetKind} from '../shared/nets.js';
import {attack, type AttackOutcome} from './attack.js';
import {take, toTensors, type Digits} from './data/mnist.js';
import {accuracy, logitsOf, measureDistances, median} from './measure.js';
import {trainingProgress} from './progress.js';
import type {Recipe} from './recipe.js';
import {ASKED_EPSILON} from './recipes/attacks.js';
import type {Recorder} from './recorder.js';
import type {ModelResult, Question} from './result.js';
import {trainNet} from './train.js';
import {percent} from './wording.js';

/** What all models of a run have in common. */
export interface Job {
  kind: NetKind;
  seed: number;
  validation: Digits;
  test: Digits;
  /** How many of the first test pictures are attacked. */
  attacked: number;
  recorder: Recorder;
  isStopped: () => boolean;
}

/** A picture under attack, and what the attacked net makes of it. */
interface AttackedPicture {
  label: number;
  epsilon: number;
  view: {pixels: number[]; prediction: number};
}

export interface Answer {
  result: ModelResult;
  pictures: AttackedPicture[];
}

const LOG_EVERY = 20;
const SHOWN_PICTURES = 8;

/** Trains one net, measures it, attacks it, and saves it. */
export async function answer(
  job: Job,
  question: Question['id'],
  recipe: Recipe,
  train: Digits,
  epsilons: number[],
): Promise<Answer> {
  const {kind, seed, validation, test, recorder, isStopped} = job;
  const steps: ModelResult['steps'] = [];
  const validationAccuracy: number[] = [];
  const stepsPerEpoch = Math.ceil(train.size / recipe.batchSize);
  const progress = trainingProgress({title: recipe.name, epochs: recipe.epochs, stepsPerEpoch});
  const base = {question, model: recipe.name};
  const {net, secondsPerStep, seconds} = await trainNet({
    ...{recipe, kind, seed, train, isStopped},
    onStep: ({epoch, step, ...terms}) => {
      progress.update(epoch, (step % stepsPerEpoch) + 1, {...terms});
      if (step % LOG_EVERY !== 0) return;
      steps.push({step, ...terms});
      recorder.metric({...base, epoch, step, ...terms});
    },
    onEpoch: (epoch, trained) => {
      const value = accuracy(trained, validation);
      validationAccuracy.push(value);
      recorder.metric({...base, epoch, validationAccuracy: value});
      progress.epochEnd(epoch, {validationAccuracy: value});
    },
  });
  progress.stop();
  const result: ModelResult = {
    ...{name: recipe.name, recipe: recipe.description, validationAccuracy, steps, secondsPerStep, seconds},
    ...{testAccuracy: NaN, medianDistances: {}, inputDistances: [], attacks: []},
  };
  if (isStopped()) return {result, pictures: []};
  result.testAccuracy = accuracy(net, test);
  const distances = measureDistances(net, test);
  for (const [layer, values] of Object.entries(distances)) result.medianDistances[layer] = median(values);
  result.inputDistances = Array.from(distances.input);
  const pictures = await attackAll(net, take(test, job.attacked), epsilons, result, isStopped);
  recorder.metric({...base, testAccuracy: result.testAccuracy, attacks: result.attacks});
  await recorder.model(`${question}-${recipe.name.replaceAll(/\W+/g, '-')}`, net);
  net.dispose();
  return {result, pictures};
}

async function attackAll(
  net: tf.LayersModel,
  digits: Digits,
  epsilons: number[],
  result: ModelResult,
  isStopped: () => boolean,
): Promise<AttackedPicture[]> {
  const {x, y} = toTensors(digits);
  let shown: AttackedPicture[] = [];
  for (const epsilon of epsilons) {
    if (isStopped()) break;
    const {pictures, ...outcome} = await attack(net, x, y, epsilon, epsilon === ASKED_EPSILON);
    result.attacks.push(outcome);
    const strongly =
      outcome.worstCase === undefined ? '' : `, ${percent(outcome.worstCase)} under APGD as well`;
    console.log(`  epsilon ${epsilon}: ${percent(outcome.accuracy)} under I-FGSM${strongly}`);
    if (epsilon === ASKED_EPSILON) shown = show(net, pictures, digits, outcome);
    pictures.dispose();
  }
  tf.dispose([x, y]);
  return shown;
}

function show(
  net: tf.LayersModel,
  pictures: tf.Tensor,
  {labels}: Digits,
  {epsilon}: Omit<AttackOutcome, 'pictures'>,
): AttackedPicture[] {
  const predictions = tf.tidy(() => tf.argMax(logitsOf(net)(pictures as tf.Tensor4D), 1).dataSync());
  const pixels = pictures.dataSync();
  return Array.from({length: SHOWN_PICTURES}, (_, i) => ({
    label: labels[i],
    epsilon,
    view: {pixels: Array.from(pixels.subarray(i * 784, (i + 1) * 784)), prediction: predictions[i]},
  }));
}
