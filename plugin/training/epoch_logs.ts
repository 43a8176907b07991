import type {Json} from '../callbacks/resumable_callback.js';

/** Numbers by name, as callbacks and histories have them. */
export type Logs = Record<string, number>;

/** The means over an epoch of what its batches logged, each example counted alike, in float64. */
export class EpochLogs {
  private seen = 0;
  private totals: Logs = {};

  add(logs: Logs, size: number): void {
    this.seen += size;
    for (const [name, value] of Object.entries(logs)) {
      this.totals[name] = (this.totals[name] ?? 0) + value * size;
    }
  }

  /** The means, in the order in which names came up. */
  means(): Logs {
    return Object.fromEntries(Object.entries(this.totals).map(([name, total]) => [name, total / this.seen]));
  }

  getState(): Json {
    return {seen: this.seen, totals: {...this.totals}};
  }

  setState(state: Json): void {
    const {seen, totals} = state as unknown as {seen: number; totals: Logs};
    this.seen = seen;
    this.totals = {...totals};
  }
}
