import {pgd} from '../attacks/pgd.js';
import type {PlannedAttack} from './attack_list.js';
import {attackSubject} from './attack_subject.js';
import {shareOf, standing, type Figure} from './figure.js';
import {firstExamples, onExamples, type Subject} from './subject.js';

/** How many examples are attacked once more. */
const EXAMPLES = 200;

/** The share of examples that stand when PGD may change everything within the bounds. */
export function attackUnbounded(subject: Subject): Promise<number> {
  const {bounds, norm, seed} = subject;
  const size = subject.x.size / subject.x.shape[0];
  const across = bounds[1] - bounds[0];
  const epsilon = across * {linf: 1, l2: Math.sqrt(size), l1: size}[norm];
  const attack = {name: 'pgd', attack: pgd, options: {seed}, isOwn: false};
  return onExamples(subject, firstExamples(subject, EXAMPLES), async part =>
    shareOf(await standingAgainst(part, attack, epsilon)),
  );
}

/**
 * The share of examples that stand in the worst case and fall when the attacks that make steps make twice as many, at
 * that epsilon where the worst case has most to lose and to win.
 *
 * @returns null where no attack makes steps, or nobody stands whom they could beat.
 */
export async function attackWithMoreSteps(
  subject: Subject,
  attacks: PlannedAttack[],
  clean: Figure,
  worstCase: Figure[],
): Promise<{fallen: number; epsilon: number; examples: number} | null> {
  const half = clean.accuracy / 2;
  const middle = [...worstCase].sort((a, b) => Math.abs(a.accuracy - half) - Math.abs(b.accuracy - half))[0];
  const looked = firstExamples(subject, EXAMPLES);
  const stands = standing(middle);
  const epsilon = middle.epsilon!;
  let left = looked.filter(i => stands[i]);
  const before = left.length;
  if (before === 0 || attacks.every(({steps}) => steps === undefined)) return null;
  for (const attack of attacks) {
    const {options, steps} = attack;
    if (steps === undefined || left.length === 0) continue;
    const doubled = {...attack, options: {...options, steps: 2 * steps}};
    // All of them: in their places they have the same random starts as before.
    const stillStand = await onExamples(subject, looked, part => standingAgainst(part, doubled, epsilon));
    left = left.filter(i => stillStand[i]);
  }
  return {fallen: (before - left.length) / looked.length, epsilon, examples: looked.length};
}

async function standingAgainst(
  subject: Subject,
  attack: Parameters<typeof attackSubject>[1],
  epsilon: number,
): Promise<boolean[]> {
  const {adversarial, ...outcomes} = await attackSubject(subject, attack, epsilon);
  adversarial.dispose();
  return standing(outcomes);
}
