import {onLiveTape} from '../../src/distance/live_tape.js';

/** Runs f while a tape is live, and frees what that tape holds, also when f throws. */
export function taped<T>(f: () => T): T {
  let result: T | undefined;
  onLiveTape(() => {
    result = f();
    return {};
  });
  return result as T;
}
