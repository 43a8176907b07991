import {check} from '../../src/index.js';

/** Which way a log is better; 'auto' goes by its name. */
export type MonitorMode = 'auto' | 'min' | 'max';

/** What counts as better. */
export interface MonitorRule {
  direction: 'min' | 'max';
  /** Differences up to here count for nothing. */
  minDelta: number;
}

// Layers may have any name: what is of the margin comes first.
const DIRECTIONS: Array<[RegExp, 'min' | 'max']> = [
  [/^(val_)?margin(_|$)/, 'min'],
  [/(acc|accuracy|auc|precision|recall|r2score)$/i, 'max'],
  [/(loss|crossentropy|error|mse|mae|mape)$/i, 'min'],
];

/**
 * Decides whether a log is better smaller or larger.
 *
 * @throws ArgumentError for 'auto' and a name that does not tell.
 */
export function directionOf(caller: string, monitor: string, mode: MonitorMode): 'min' | 'max' {
  if (mode !== 'auto') return mode;
  const direction = DIRECTIONS.find(([names]) => names.test(monitor))?.[1];
  const expected = `to be 'min' or 'max' for the monitor '${monitor}', whose name does not tell`;
  check(direction !== undefined, caller, 'mode', expected, mode);
  return direction;
}

/** The value that any other is better than: where a search for the best starts. */
export function worstOf(direction: 'min' | 'max'): number {
  return direction === 'min' ? Infinity : -Infinity;
}

/** Whether a value is better than another by more than minDelta; NaN never is. */
export function isBetter(value: number, than: number, {direction, minDelta}: MonitorRule): boolean {
  return direction === 'min' ? value + minDelta < than : value - minDelta > than;
}
