import {digest} from '../digest.js';

/** Where the state of a long evaluation is kept: a file (`stateFile` of `tfjs-large-margin/node`), localStorage, ... */
export interface EvaluationState {
  /** The text that was written last; null or undefined where there is none. */
  read(): Promise<string | null | undefined>;
  /** Replaces it, so that whenever the process ends the old text is there or the new one. */
  write(text: string): Promise<void>;
}

/** What an evaluation is of, by name: texts, or hashes of what is large. */
export type Identity = Record<string, string>;

/** Values that JSON keeps. */
export type Plain = null | boolean | number | string | Plain[] | {[key: string]: Plain};

/** Version of what is written; it grows when older readers cannot read on. */
const FORMAT = 2;

/**
 * Thrown where an evaluation cannot go on from a state: the text is not as it was written (`damaged`), it is of another
 * version of this package (`version`), or it is of another evaluation (`other`).
 */
export class EvaluationStateError extends Error {
  override readonly name = 'EvaluationStateError';

  constructor(
    caller: string,
    readonly code: 'damaged' | 'version' | 'other',
    problem: string,
    /** What differs from the evaluation whose state it is: 'model', 'x', 'labels', 'epsilons', ... */
    readonly differs: string[] = [],
  ) {
    super(`${caller}: the state ${problem}; give another place for a new evaluation, or delete it`);
  }
}

/** Writes the figures that are done as a text that `decodeState` reads; its last line is a hash of all before it. */
export async function encodeState(identity: Identity, figures: Record<string, Plain>): Promise<string> {
  const body = JSON.stringify({format: FORMAT, identity, figures});
  return `${body}\n${await digest([body])}\n`;
}

/**
 * Reads what `encodeState` wrote.
 *
 * @param identity Of the evaluation that is to go on.
 * @throws EvaluationStateError
 */
export async function decodeState(
  caller: string,
  text: string,
  identity: Identity,
): Promise<Record<string, Plain>> {
  const [body, hash, end] = text.split('\n');
  if (end !== '' || hash !== (await digest([body])))
    throw new EvaluationStateError(caller, 'damaged', 'is damaged: it is not what was written');
  const {format, identity: written, figures} = JSON.parse(body) as Written;
  if (format !== FORMAT)
    throw new EvaluationStateError(
      caller,
      'version',
      `is of format ${format}, and this version reads ${FORMAT}`,
    );
  const keys = [...new Set([...Object.keys(identity), ...Object.keys(written)])];
  const differs = keys.filter(key => identity[key] !== written[key]);
  if (differs.length > 0) {
    const problem = `is that of another evaluation: it differs in ${differs.join(', ')}`;
    throw new EvaluationStateError(caller, 'other', problem, differs);
  }
  return figures;
}

interface Written {
  format: number;
  identity: Identity;
  figures: Record<string, Plain>;
}
