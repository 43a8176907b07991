import {readFileSync} from 'node:fs';
import os from 'node:os';
import * as tf from '@tensorflow/tfjs';
import {
  chooseBackend,
  describeBackend,
  enableNativeKernels,
  type BackendChoice,
} from 'tfjs-large-margin/node';
import type {NetKind} from '../shared/nets.js';
import {flipLabels, readMnist, take, type Digits} from './data/mnist.js';
import {answer, type Answer, type Job} from './job.js';
import * as attacks from './recipes/attacks.js';
import * as noise from './recipes/noisy_labels.js';
import type {Recipe} from './recipe.js';
import {Recorder} from './recorder.js';
import {formatTable, writeReport} from './report.js';
import type {ExperimentResult, ModelResult, Question} from './result.js';

export interface MainArgs {
  quick: boolean;
  baselines: boolean;
  only?: Question['id'];
  kind: NetKind;
  seed: number;
  /** What batch norm's statistics are to the margin, in place of what the recipe says. */
  batchStatistics?: 'constant' | 'differentiated';
  out: string;
  prefer?: 'tfjs-node-gpu' | 'tfjs-node' | 'wasm' | 'cpu';
}

/** Pictures of a quick run; the whole of MNIST otherwise. */
const QUICK = {train: 8000, validation: 1000, test: 2000, attacked: 500};

/** In every model, so that cross-entropy's are as fast; one line for people. */
function useNativeKernels(): string {
  const reports = enableNativeKernels({scope: 'everywhere'});
  const on = reports.filter(({state}) => state === 'on').map(({name}) => name);
  const off = reports.filter(({state}) => state === 'off').map(({name, reason}) => `${name}: ${reason}`);
  return [`faster kernels: ${on.join(', ') || 'none'}`, ...off.map(text => `off, ${text}`)].join('; ');
}

/** The main job: both questions, their table, the report. Returns the exit code. */
export async function runMain(args: MainArgs): Promise<number> {
  const started = performance.now();
  const choice = await chooseBackend({prefer: args.prefer});
  console.log(describeBackend(choice));
  if (choice.package === '@tensorflow/tfjs-node') console.log(useNativeKernels());
  const interrupt = {isStopped: false};
  process.once('SIGINT', () => (interrupt.isStopped = true));
  const data = readMnist(0);
  const part = (name: keyof typeof data) => (args.quick ? take(data[name], QUICK[name]) : data[name]);
  const [train, validation, test] = [part('train'), part('validation'), part('test')];
  const attacked = args.quick ? QUICK.attacked : attacks.ATTACKED;
  const sizes = [train, validation, test].map(({size}) => size.toLocaleString('en'));
  console.log(`MNIST: ${sizes[0]} training, ${sizes[1]} validation, ${sizes[2]} test pictures`);
  const recorder = new Recorder(args.out);
  const job: Job = {
    ...args,
    validation,
    test,
    attacked,
    recorder,
    isStopped: () => interrupt.isStopped,
  };
  const questions: Question[] = [];
  let pictures: ExperimentResult['pictures'] = [];
  if (args.only !== 'attacks') questions.push(await askNoise(job, train, args));
  if (args.only !== 'noise' && !interrupt.isStopped) {
    const asked = await askAttacks(job, train);
    questions.push(asked.question);
    pictures = asked.pictures;
  }
  if (interrupt.isStopped) {
    console.error(`\nStopped; what was finished is in ${args.out}.`);
    return 130;
  }
  const seconds = (performance.now() - started) / 1000;
  const result = {...describeRun(args, choice, seconds), questions, pictures};
  recorder.json('result.json', result);
  const written = await writeReport(result, recorder.folder);
  console.log(`\n${formatTable(result)}\n`);
  console.log(`Written: ${written.join(', ')}, and models, metrics.jsonl, result.json beside them.`);
  return 0;
}

async function askNoise(job: Job, train: Digits, args: MainArgs): Promise<Question> {
  const {baselines: withBaseline, quick: isQuick, batchStatistics} = args;
  const title = `Noisy labels: ${noise.NOISE * 100} % of the training labels flipped`;
  console.log(`\n${title}`);
  const noisy = flipLabels(train, noise.NOISE, job.seed);
  const largeMargin = batchStatistics
    ? withStatistics(noise.largeMargin, batchStatistics)
    : noise.largeMargin;
  const recipes = [noise.crossEntropy, largeMargin, ...(withBaseline ? [noise.regularized] : [])];
  const models: ModelResult[] = [];
  for (const recipe of recipes) {
    if (job.isStopped()) break;
    models.push((await answer(job, 'noise', recipe, noisy, [])).result);
  }
  const baseline = models[recipes.indexOf(noise.regularized)];
  if (baseline) job.recorder.json('regularized.json', {...baseline, storedOn: today()});
  // It is a result of the small net on the whole of MNIST, and would say nothing beside others.
  if (!withBaseline && !isQuick && job.kind === 'small') models.push(storedBaseline());
  return {id: 'noise', title, measure: 'test accuracy', models};
}

async function askAttacks(
  job: Job,
  train: Digits,
): Promise<{question: Question; pictures: ExperimentResult['pictures']}> {
  const title = `White-box attacks: I-FGSM, 10 steps, on the first ${job.attacked.toLocaleString('en')} test pictures`;
  console.log(`\n${title}`);
  const answers: Answer[] = [];
  for (const recipe of [attacks.crossEntropy, attacks.largeMargin]) {
    if (job.isStopped()) break;
    answers.push(await answer(job, 'attacks', recipe, train, attacks.EPSILONS));
  }
  const pictures = (answers[0]?.pictures ?? []).map((first, i) => ({
    label: first.label,
    epsilon: first.epsilon,
    models: answers.map(({result, pictures}) => ({name: result.name, ...pictures[i].view})),
  }));
  const models = answers.map(({result}) => result);
  return {
    question: {id: 'attacks', title, measure: 'accuracy under I-FGSM at epsilon 0.1', models},
    pictures,
  };
}

function withStatistics(recipe: Recipe, batchStatistics: NonNullable<MainArgs['batchStatistics']>): Recipe {
  const description = `${recipe.description}; batch statistics ${batchStatistics}`;
  return {...recipe, description, margin: {...recipe.margin!, batchStatistics}};
}

/** The strong baseline takes long: the result of an earlier run, which says so. */
function storedBaseline(): ModelResult {
  const file = new URL('../../../demos/experiments/stored/regularized.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as ModelResult;
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function describeRun(args: MainArgs, choice: BackendChoice, seconds: number) {
  const options = [
    ...[args.quick && '--quick', args.baselines && '--baselines', args.only && `--only ${args.only}`],
    args.batchStatistics && `--batch-statistics ${args.batchStatistics}`,
    ...[args.kind !== 'small' && `--net ${args.kind}`, args.seed !== 1 && `--seed ${args.seed}`],
    args.prefer && `--backend ${args.prefer}`,
  ].filter(Boolean);
  const cpus = os.cpus();
  return {
    date: today(),
    command: `npm start${options.length > 0 ? ` -- ${options.join(' ')}` : ''}`,
    machine: `${cpus[0]?.model ?? os.arch()}, ${cpus.length} cores, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`,
    versions: {node: process.version, tfjs: tf.version['tfjs-core'], [choice.package]: choice.version},
    backend: choice.backend,
    seed: args.seed,
    quick: args.quick,
    net: args.kind,
    seconds,
    peakMemoryGiB: process.resourceUsage().maxRSS / 2 ** 20,
  };
}
