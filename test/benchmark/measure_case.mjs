import {relativeDifference, summarize} from '../../scripts/benchmark/statistics.mjs';
import {rotated, stepsOfTurn} from '../../scripts/benchmark/schedule.mjs';
import {startWorker} from '../../scripts/benchmark/ask_process.mjs';

/** Losses of the first step, and of the second: the first update has gone the same way. They may differ by rounding only. */
const TOLERANCES = [1e-4, 1e-4];
const REFERENCE = 'tensorflow-function';
const CROSS_ENTROPY = 'ce';
/** A step that is so long gets one turn of one step a round. */
const SLOW_MS = 3000;

/**
 * Measures all modes of one case. Each engine's cross-entropy lives on through all modes and takes part in their
 * rounds, so that a ratio is made of times that were taken in turn. Only one process computes at a time.
 *
 * @param plan {file, engines, modes, context, tolerances}: `context` is what engines are started with, and remembers which
 *     of them are not to be had; `tolerances` of the two losses, where others than the usual ones hold
 * @param turn {turnMs, least}; @param rounds function that tells how many rounds the next mode gets
 * @param onPiece called after each mode with its rows' number
 * @returns rows, one for each mode and engine
 */
export async function measureCase(plan, {turn, rounds, onPiece}) {
  const {file, engines, modes, context, tolerances = TOLERANCES} = plan;
  const start = (engine, mode) => startPlayer({engine, mode, file, context});
  const crossEntropy = modes.find(({name}) => name === CROSS_ENTROPY);
  const others = modes.filter(mode => mode !== crossEntropy);
  const base = [];
  const rows = [];
  try {
    for (const engine of engines) base.push(await start(engine, crossEntropy));
    await playRounds(base.filter(isSound), turn, rounds());
    onPiece();
    for (const mode of others) {
      const players = [];
      try {
        for (const {engine, problem} of base) if (!problem) players.push(await start(engine, mode));
        const taking = [...base, ...players].filter(isSound);
        for (const player of taking) player.inGroup = [];
        await playRounds(taking, turn, rounds());
        rows.push(...describe(players, base, tolerances));
      } finally {
        await Promise.all(players.map(({worker}) => worker.close()));
      }
      onPiece();
    }
    for (const player of base) player.inGroup = player.times;
    return [...describe(base, base, tolerances), ...rows];
  } finally {
    await Promise.all(base.map(({worker}) => worker?.close()));
  }
}

const isSound = ({problem}) => problem === undefined;

async function startPlayer({engine, mode, file, context}) {
  const player = {engine, mode, times: [], inGroup: [], worker: undefined, problem: undefined};
  const known = context.unavailable.get(engine.name);
  if (known) return {...player, problem: known};
  player.worker = startWorker(engine.command(context));
  const answer = await player.worker.ask({ask: 'load', case: file, mode: mode.margin});
  if (answer.unavailable) context.unavailable.set(engine.name, `not available: ${answer.unavailable}`);
  if (answer.unavailable || answer.error)
    player.problem = answer.error ?? context.unavailable.get(engine.name);
  player.losses = answer.losses;
  player.note = answer.note;
  Object.assign(context.versions, answer.versions);
  return player;
}

async function playRounds(players, turn, rounds) {
  for (const player of players) {
    // The first steps warm up, and tell how many fit into a turn.
    const {times, error} = await player.worker.ask({ask: 'steps', count: 2});
    player.problem = error;
    player.stepMs = times?.at(-1);
  }
  for (let round = 0; round < rounds; round++) {
    for (const player of rotated(players.filter(isSound), round)) await playTurn(player, turn);
  }
  for (const player of players) player.peakBytes = player.worker.peakBytes();
}

async function playTurn(player, turn) {
  // While the others computed the caches forgot: the first step is not counted, but where it would cost seconds.
  const unheard = player.stepMs > SLOW_MS ? 0 : 1;
  const count = player.stepMs > SLOW_MS ? 1 : stepsOfTurn(player.stepMs, turn);
  const {times, error} = await player.worker.ask({ask: 'steps', count: count + unheard});
  if (error) {
    player.problem = error;
    return;
  }
  player.inGroup.push(...times.slice(unheard));
  player.times.push(...times.slice(unheard));
}

/** Rows of players with the ratios to their engine's cross-entropy and to the reference engine, both of these rounds. */
function describe(players, base, tolerances) {
  const medians = list => new Map(list.filter(isSound).map(p => [p.engine.name, summarize(p.inGroup).ms]));
  const [own, crossEntropy] = [medians(players), medians(base)];
  const sound = players.filter(isSound);
  return players.map(player => {
    const {engine, mode, problem, losses, note, peakBytes} = player;
    const row = {mode: mode.name, engine: engine.name, curve: mode.curve, at: mode.at};
    if (problem) return {...row, problem};
    return {
      ...row,
      ...summarize(player.times),
      toCrossEntropy: own.get(engine.name) / crossEntropy.get(engine.name),
      ratios: Object.fromEntries([...own].map(([name, ms]) => [name, own.get(engine.name) / ms])),
      toReference: own.get(engine.name) / (own.get(REFERENCE) ?? NaN),
      peakBytes,
      losses,
      note,
      ...compareLosses(player, sound, tolerances),
    };
  });
}

/** Random rivals differ from engine to engine, all else must not; the first engine has nothing to be compared with. */
function compareLosses(player, [reference], tolerances) {
  const {mode, losses} = player;
  if (mode.margin?.rivals === 'random' || player === reference) return {};
  const differences = losses.map((loss, i) => relativeDifference(loss, reference.losses[i]));
  return {differences, differs: differences.some((difference, i) => difference > tolerances[i])};
}
