import type {AttackResult, GradientHealth} from '../attacks/attack_types.js';
import type {Outcomes} from './figure.js';

/** What is known of each example as JSON keeps it, a character an example. */
export type StoredOutcomes = {
  /** '1': the class is wrong. */
  success: string;
  broken: string;
  /** s(ound), z(ero), n(an), i(nfinite); '' where none were used. */
  gradients: string;
  /** As texts, so that NaN and Infinity stay what they are; empty where an epsilon says it. */
  distance: string[];
  /** Of the source of a transfer; '' for other attacks. */
  sourceBroken: string;
};

const HEALTH: GradientHealth[] = ['sound', 'zero', 'nan', 'infinite'];

/** Packs what an attack found, but for the inputs. */
export function packOutcomes(
  {
    success,
    broken,
    gradients = [],
    distance,
    sourceBroken = [],
  }: Omit<AttackResult, 'adversarial'> & {sourceBroken?: boolean[]},
  keepsDistance: boolean,
): StoredOutcomes {
  return {
    success: packFlags(success),
    broken: packFlags(broken),
    gradients: gradients.map(state => state[0]).join(''),
    distance: keepsDistance ? Array.from(distance, String) : [],
    sourceBroken: packFlags(sourceBroken),
  };
}

export function unpackOutcomes({
  success,
  broken,
  gradients,
  distance,
  sourceBroken,
}: StoredOutcomes): Outcomes {
  const stateOf = (letter: string) => HEALTH.find(state => state.startsWith(letter))!;
  return {
    success: unpackFlags(success),
    broken: unpackFlags(broken),
    ...(gradients !== '' && {gradients: Array.from(gradients, stateOf)}),
    ...(distance.length > 0 && {distance: distance.map(Number)}),
    ...(sourceBroken !== '' && {sourceBroken: unpackFlags(sourceBroken)}),
  };
}

function packFlags(flags: boolean[]): string {
  return flags.map(flag => (flag ? '1' : '0')).join('');
}

function unpackFlags(text: string): boolean[] {
  return Array.from(text, letter => letter === '1');
}
