import {Callback} from '@tensorflow/tfjs-layers';
import {weightsOf} from './tiny_models.js';

/** Puts logs of its own under the epochs: the epoch's value of each list; and notes the weights at each epoch's end. */
export class ScriptedLogs extends Callback {
  readonly weights: number[][][] = [];

  constructor(private readonly logs: Record<string, number[]> = {}) {
    super();
  }

  override async onEpochEnd(epoch: number, logs: Record<string, unknown> = {}): Promise<void> {
    this.weights[epoch] = weightsOf(this.model);
    for (const [name, values] of Object.entries(this.logs)) logs[name] = values[epoch];
  }
}

/** Ends training with an error where it is told to. */
export class Breakdown extends Callback {
  constructor(private readonly at: {epoch: number; hook: 'onEpochBegin' | 'onEpochEnd'}) {
    super();
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    if (this.at.hook === 'onEpochBegin' && epoch === this.at.epoch) throw new Error('a breakdown');
  }

  override async onEpochEnd(epoch: number): Promise<void> {
    if (this.at.hook === 'onEpochEnd' && epoch === this.at.epoch) throw new Error('a breakdown');
  }
}
