/** How many recorded steps a process makes in one turn: at least `least`, and more of quick ones to fill the time. */
export function stepsOfTurn(stepMs, {turnMs, least, most = 40}) {
  if (!(stepMs > 0)) return least;
  return Math.max(least, Math.min(most, Math.round(turnMs / stepMs)));
}

/** The list begun at another place each round, so that nobody is always first. */
export function rotated(list, round) {
  if (list.length === 0) return [];
  const start = round % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

/**
 * Foretells the end of a run from guesses of its pieces: what has been done tells how good the guesses are.
 *
 * @param {number[]} guesses a guess of each piece's time, in any unit
 * @param {number} done how many are done
 * @param {number} elapsedMs what they took
 * @returns {number} ms left; NaN before the first piece is done
 */
export function timeLeft(guesses, done, elapsedMs) {
  const sum = list => list.reduce((a, b) => a + b, 0);
  const spent = sum(guesses.slice(0, done));
  return spent > 0 ? (elapsedMs * sum(guesses.slice(done))) / spent : NaN;
}

/** Rounds for the next piece: all that are wanted, fewer when the run would not end in time, never under `least`. */
export function roundsInTime(wanted, leftMs, allowedMs, least = 2) {
  if (!(leftMs > allowedMs)) return wanted;
  return Math.max(Math.min(least, wanted), Math.floor((wanted * Math.max(0, allowedMs)) / leftMs));
}
