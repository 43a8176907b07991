import {
  dispose,
  fill,
  isFinite,
  keep,
  max,
  maximum,
  stack,
  tidy,
  where,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {Callback, CustomCallback, type CustomCallbackArgs, type ModelFitArgs} from '@tensorflow/tfjs-layers';
import {valueAt, withoutTape, type ResolvedLayer} from '../src/index.js';
import type {MarginPlan} from './margin_plan.js';

/**
 * How many steps are left out: the distances of a net that starts from scratch are small, or large because its scores
 * are still flat. On MNIST the slowest layer reached a good gamma at step 55.
 */
const WARM_UP = 100;

/** How many steps are looked at, at the least, before gammas are judged. */
const STEPS = 100;

/** What stands for a distance that is not finite: it has reached nothing. */
const LOWEST = Math.fround(-3.4e38);

/** What is known of one layer. */
interface Seen {
  /** The largest finite distance. */
  largest: number;
  /** The smallest gamma, as it may change with the step. */
  gamma: number;
}

type Callbacks = ModelFitArgs['callbacks'];

/**
 * Notices a gamma that no distance reaches: the hinge then cuts nothing off, and every example is pushed all the time.
 * It looks at the largest distance at each layer, after the first 100 steps, until an epoch ends that has seen 100
 * more, and judges once. Until an epoch ends what it knows stays on the device. Distances of probabilities are not
 * looked at: there a gamma out of reach is meant (`presets.authors`).
 *
 * @example
 * await watch.during('LargeMarginModel', args, args => super.fit(x, y, args)); // its steps call watch.note(distances)
 */
export class GammaWatch {
  private readonly layers: ResolvedLayer[];
  private isDone: boolean;
  private isOpen = false;
  /** Of the epochs that have ended. */
  private steps = 0;
  private stepsOfEpoch = 0;
  /** The largest finite distances since the epoch began, [layers]. */
  private ofEpoch?: Tensor1D;
  private readonly seen: Seen[];

  constructor({layers, options}: Pick<MarginPlan, 'layers' | 'options'>) {
    this.layers = layers;
    this.isDone = options.scores !== 'logits';
    this.seen = layers.map(() => ({largest: LOWEST, gamma: Infinity}));
  }

  /**
   * Runs a training that is watched: what its steps note is judged at the end of an epoch. Nothing is left on the
   * device, also when the training throws.
   *
   * @param run Trains with the arguments it is given, the callback of this watch among them.
   */
  async during<A extends {callbacks?: Callbacks}, T>(
    caller: string,
    args: A,
    run: (args: A) => Promise<T>,
  ): Promise<T> {
    // A second training at the same time is refused by tfjs, and must not end the watch over the first.
    if (!args || this.isOpen || this.isDone) return run(args);
    this.isOpen = true;
    try {
      return await run({...args, callbacks: withEpochEnd(args.callbacks, () => this.warn(caller))});
    } finally {
      this.isOpen = false;
      this.endEpoch();
    }
  }

  /**
   * Takes note of the distances of a training step; waits for nothing, and records nothing on a tape.
   *
   * @param distances By layer name, [batch, topK].
   * @param step At which a gamma that changes is read.
   */
  note(distances: Record<string, Tensor2D>, step = 0): void {
    if (!this.isOpen || this.isDone) return;
    this.stepsOfEpoch++;
    if (this.steps + this.stepsOfEpoch <= WARM_UP) return;
    this.layers.forEach(({gamma}, i) => {
      this.seen[i].gamma = Math.min(this.seen[i].gamma, valueAt(gamma, step));
    });
    const before = this.ofEpoch;
    this.ofEpoch = withoutTape(() =>
      tidy(() => {
        const all = stack(this.layers.map(({name}) => distances[name]));
        const finite = where(isFinite(all), all, fill(all.shape, LOWEST));
        const largest = max<Tensor1D>(finite, [1, 2]);
        return keep(before ? maximum<Tensor1D>(before, largest) : largest);
      }),
    );
    dispose(before);
  }

  /** Ends an epoch: the layers where no distance has reached gamma, as soon as enough has been seen; once. */
  async report(): Promise<string[]> {
    const {seen, layers} = this;
    this.steps += this.stepsOfEpoch;
    const values = await this.ofEpoch?.data();
    this.endEpoch();
    if (values) seen.forEach((layer, i) => (layer.largest = Math.max(layer.largest, values[i])));
    if (this.isDone || this.steps < WARM_UP + STEPS) return [];
    this.isDone = true;
    return layers.flatMap(({name}, i) => {
      const {largest, gamma} = seen[i];
      // As the device has it: a distance may be gamma to the last bit of a float32.
      if (largest >= Math.fround(gamma)) return [];
      const distances = largest > LOWEST ? `at most ${Number(largest.toPrecision(3))}` : 'never finite';
      return [`${name} (gamma ${gamma}, distances ${distances})`];
    });
  }

  /** Ends an epoch with one warning of all that there is to report. */
  async warn(caller: string): Promise<void> {
    const missed = await this.report();
    if (missed.length === 0) return;
    console.warn(
      `${caller}: no distance has reached gamma so far at ${missed.join(', ')}: a margin that is out of reach can ` +
        'spoil the fit; suggestGamma(model, x, y) measures gammas that are not, once the net has learnt',
    );
  }

  private endEpoch(): void {
    this.ofEpoch?.dispose();
    this.ofEpoch = undefined;
    this.stepsOfEpoch = 0;
  }
}

/** Adds a callback to a user's; tfjs takes callbacks or configs of callbacks, by what the first one is. */
function withEpochEnd(callbacks: Callbacks, onEpochEnd: () => Promise<void>): Callbacks {
  const list = [callbacks ?? {}].flat() as Array<CustomCallbackArgs | CustomCallback>;
  const isCallback = list[0] instanceof Callback || list[0] instanceof CustomCallback;
  // The first config waits for the next frame now and then, so that a page can draw; once is enough.
  const config: CustomCallbackArgs = {onEpochEnd, nextFrameFunc: () => Promise.resolve()};
  return [...list, isCallback ? new CustomCallback(config, 'never') : config] as Callbacks;
}
