import {check} from './checks.js';

/**
 * A number that changes with the training step, as plain data: it can be saved, compared and printed. `schedules`
 * makes them and says what each computes.
 */
export type Schedule =
  | {
      name: 'exponentialDecay';
      initial: number;
      decaySteps: number;
      decayRate: number;
      staircase?: boolean;
    }
  | {name: 'cosineDecay'; initial: number; decaySteps: number; alpha?: number}
  | {name: 'piecewiseConstant'; boundaries: number[]; values: number[]}
  | {name: 'warmUp'; steps: number; from?: number; then: number | Schedule}
  | {name: 'delay'; steps: number; before?: number; then: number | Schedule};

/** A number, or one that changes with the step. */
export type Scheduled = number | Schedule;

type Of<Name extends Schedule['name']> = Omit<Extract<Schedule, {name: Name}>, 'name'>;

/**
 * Numbers that change with the step (0, 1, 2, ...), for learning rates, gamma and the weights of a loss. What they
 * are made of is checked where they are used.
 *
 * @example
 * const learningRate = schedules.exponentialDecay({initial: 0.1, decayRate: 0.96, decaySteps: 2000, staircase: true});
 * const marginWeight = schedules.delay({steps: 500, then: 1}); // the margin starts late
 */
export const schedules = {
  /** initial x decayRate^(step / decaySteps); with `staircase` the exponent is rounded down (default false). */
  exponentialDecay: (args: Of<'exponentialDecay'>): Schedule => ({name: 'exponentialDecay', ...args}),
  /** From initial to alpha x initial (default 0) along half a cosine of decaySteps steps (Loshchilov, Hutter 2017). */
  cosineDecay: (args: Of<'cosineDecay'>): Schedule => ({name: 'cosineDecay', ...args}),
  /** values[0] for the steps before boundaries[0], values[1] from there on, ...: one value more than boundaries. */
  piecewiseConstant: (args: Of<'piecewiseConstant'>): Schedule => ({name: 'piecewiseConstant', ...args}),
  /** A straight line from `from` (default 0) to where `then` begins, in `steps` steps; then counts from its end. */
  warmUp: (args: Of<'warmUp'>): Schedule => ({name: 'warmUp', ...args}),
  /** `before` (default 0) for `steps` steps, then `then`, which counts from there. */
  delay: (args: Of<'delay'>): Schedule => ({name: 'delay', ...args}),
};

/** What a scheduled number is at a step, 0 for the first. */
export function valueAt(value: Scheduled, step: number): number {
  if (typeof value === 'number') return value;
  switch (value.name) {
    case 'exponentialDecay': {
      const exponent = step / value.decaySteps;
      return value.initial * value.decayRate ** (value.staircase ? Math.floor(exponent) : exponent);
    }
    case 'cosineDecay': {
      const {initial, decaySteps, alpha = 0} = value;
      const cosine = (1 + Math.cos((Math.PI * Math.min(step, decaySteps)) / decaySteps)) / 2;
      return initial * ((1 - alpha) * cosine + alpha);
    }
    case 'piecewiseConstant': {
      const index = value.boundaries.findIndex(boundary => step < boundary);
      return index < 0 ? value.values[value.values.length - 1] : value.values[index];
    }
    case 'warmUp': {
      const {steps, from = 0, then} = value;
      if (step >= steps) return valueAt(then, step - steps);
      return from + ((valueAt(then, 0) - from) * step) / steps;
    }
    case 'delay':
      return step < value.steps ? (value.before ?? 0) : valueAt(value.then, step - value.steps);
    default:
      return value satisfies never;
  }
}

/** Whether a value changes with the step. */
export function isSchedule(value: unknown): value is Schedule {
  return value !== null && typeof value === 'object';
}

/** For people: the number, or what the schedule is made of. */
export function showScheduled(value: Scheduled): string {
  if (!isSchedule(value)) return String(value);
  const {name, ...rest} = value;
  const fields = Object.entries(rest).map(([key, part]) =>
    isSchedule(part) && !Array.isArray(part) ? `${key} ${showScheduled(part)}` : `${key} ${String(part)}`,
  );
  return `${name}(${fields.join(', ')})`;
}

const FIELDS: Record<Schedule['name'], string[]> = {
  exponentialDecay: ['initial', 'decaySteps', 'decayRate', 'staircase'],
  cosineDecay: ['initial', 'decaySteps', 'alpha'],
  piecewiseConstant: ['boundaries', 'values'],
  warmUp: ['steps', 'from', 'then'],
  delay: ['steps', 'before', 'then'],
};

/**
 * Checks a number, or every number that a schedule can give.
 *
 * @param isAllowed The check of a plain number, which throws.
 * @throws ArgumentError naming the argument, and the field of the schedule.
 */
export function checkScheduled(
  caller: string,
  argument: string,
  value: unknown,
  isAllowed: (argument: string, value: unknown) => void,
): asserts value is Scheduled {
  if (!isSchedule(value)) return isAllowed(argument, value);
  const names = Object.keys(FIELDS);
  const wanted = `a number or one of schedules.${names.join(', schedules.')}`;
  check(names.includes(value.name), caller, argument, `to be ${wanted}`, value);
  for (const key of Object.keys(value)) {
    const known = key === 'name' || FIELDS[value.name].includes(key);
    check(known, caller, argument, `of ${value.name} to have only ${FIELDS[value.name].join(', ')}`, key);
  }
  const field = (name: string) => `${argument}.${name}`;
  const allow = (name: string, part: unknown) => isAllowed(field(name), part);
  const steps = (name: string, part: unknown) => {
    check(isPositive(part), caller, field(name), 'to be a finite number > 0', part);
  };
  switch (value.name) {
    case 'exponentialDecay':
      allow('initial', value.initial);
      steps('decaySteps', value.decaySteps);
      check(
        isPositive(value.decayRate),
        caller,
        field('decayRate'),
        'to be a finite number > 0',
        value.decayRate,
      );
      checkOptional(caller, field('staircase'), value.staircase, 'boolean');
      return;
    case 'cosineDecay':
      allow('initial', value.initial);
      steps('decaySteps', value.decaySteps);
      checkOptional(caller, field('alpha'), value.alpha, 'number');
      allow('initial x alpha', value.initial * (value.alpha ?? 0));
      return;
    case 'piecewiseConstant': {
      const {boundaries, values} = value;
      const areLists = Array.isArray(boundaries) && Array.isArray(values);
      const rises =
        areLists && boundaries.every((b, i) => Number.isFinite(b) && (i === 0 || b > boundaries[i - 1]));
      check(rises, caller, field('boundaries'), 'to be a list of rising numbers', boundaries);
      const fits = values.length === boundaries.length + 1;
      check(fits, caller, field('values'), 'to hold one value more than boundaries', values);
      values.forEach((part, i) => allow(`values[${i}]`, part));
      return;
    }
    case 'warmUp':
      steps('steps', value.steps);
      allow('from', value.from ?? 0);
      checkScheduled(caller, field('then'), value.then, isAllowed);
      return;
    case 'delay':
      steps('steps', value.steps);
      allow('before', value.before ?? 0);
      checkScheduled(caller, field('then'), value.then, isAllowed);
      return;
    default:
      return value satisfies never;
  }
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function checkOptional(caller: string, argument: string, value: unknown, type: 'number' | 'boolean'): void {
  const ok = value === undefined || (typeof value === type && (type === 'boolean' || Number.isFinite(value)));
  check(ok, caller, argument, `to be a ${type === 'number' ? 'finite number' : 'boolean'}`, value);
}
