import {UsageError} from '../../scripts/benchmark/arguments.mjs';

export const DEFAULTS = {rounds: 5, steps: 2, turnMs: 350};
const CROSS_ENTROPY = 'ce';
/** A guess of what it takes to start a worker. */
const START_MS = 5000;

/**
 * What the chosen parts and the options that narrow them down ask for.
 *
 * @returns cases with the engines that take part in them, and notes of the parts that cannot run here
 * @throws UsageError for an engine or mode that no chosen part has, and when nothing is left to measure
 */
export function planCases(parts, options, engines) {
  const runnable = parts.filter(part => !part.unavailable?.());
  const notes = parts
    .filter(part => !runnable.includes(part))
    .map(part => `${part.name}: ${part.unavailable()}`);
  notes.push(...runnable.flatMap(part => part.notes?.() ?? []));
  const all = runnable.flatMap(part => {
    const taking = engines.filter(({parts}) => parts.includes(part.name));
    return part.cases().map(one => ({...one, part: part.name, engines: taking}));
  });
  for (const [key, namesOf] of Object.entries(narrowing)) checkKnown(key, options[key], all.flatMap(namesOf));
  const isWanted = (key, name) => !options[key] || options[key].includes(name);
  const cases = all.flatMap(one => {
    const chosen = one.engines.filter(({name}) => isWanted('engines', name));
    const modes = one.modes.filter(({name}) => name === CROSS_ENTROPY || isWanted('modes', name));
    const isEmpty = chosen.length === 0 || !isWanted('batches', one.batch);
    return isEmpty ? [] : [{...one, modes, engines: chosen}];
  });
  if (runnable.length > 0 && cases.length === 0) throw new UsageError('nothing is left to measure');
  return {cases, notes};
}

const narrowing = {
  engines: one => one.engines.map(({name}) => name),
  modes: one => one.modes.map(({name}) => name),
  batches: one => [one.batch],
};

function checkKnown(key, wanted, known) {
  if (known.length === 0) return;
  for (const value of wanted ?? []) {
    if (known.includes(value)) continue;
    throw new UsageError(
      `--${key}: ${value} is none of these parts' ${key}: ${[...new Set(known)].join(', ')}`,
    );
  }
}

/** What stands above a case's rows. */
export function headingOf({batch, classes, sweep}, {title}) {
  const what = `${title}, batch ${batch}${classes === 10 ? '' : `, ${classes} classes`}`;
  return sweep ? `growth with ${sweep}: ${what}` : what;
}

/** A guess of what one mode of a case takes, for the time left. */
export function guessMs(
  {net, batch, engines},
  {cost},
  nets,
  {rounds = DEFAULTS.rounds, steps = DEFAULTS.steps},
) {
  const stepMs = nets[net].guessMs * batch * cost;
  return engines.length * (START_MS + rounds * Math.max(DEFAULTS.turnMs, (1 + steps) * stepMs));
}
