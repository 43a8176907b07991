import type {AttackResult} from '../attacks/attack_types.js';
import type {PlannedAttack} from './attack_list.js';
import {runOwnAttack} from './own_attack.js';
import type {Subject} from './subject.js';

/** Runs an attack at one epsilon, or for the smallest perturbation; what it found belongs to the caller. */
export function attackSubject(
  subject: Subject,
  planned: Pick<PlannedAttack, 'name' | 'attack' | 'options' | 'isOwn'>,
  epsilon?: number,
): Promise<AttackResult> {
  const {classifier, x, labels, norm, bounds, batchSize, signal, onProgress} = subject;
  const {attack, options, isOwn} = planned;
  const radius = epsilon === undefined ? {} : {epsilon};
  const all = {...options, ...radius, norm, bounds, batchSize, signal, onProgress};
  if (isOwn) return runOwnAttack(subject, planned, all, epsilon);
  return attack(classifier, x, labels, all as never);
}
