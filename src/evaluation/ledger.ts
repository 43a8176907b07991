import {check} from '../checks.js';
import {
  decodeState,
  encodeState,
  type EvaluationState,
  type Identity,
  type Plain,
} from './evaluation_state.js';

/** The figures of an evaluation that are done, by their ids; with a state they survive the process. */
export class Ledger {
  private readonly asked = new Set<string>();

  private constructor(
    private readonly caller: string,
    private readonly figures: Map<string, Plain>,
    private readonly state?: EvaluationState,
    private readonly identity: Identity = {},
  ) {}

  /**
   * Begins, or goes on where a state has figures already.
   *
   * @param identify Says what the evaluation is of; asked only where there is a state.
   * @throws EvaluationStateError for a state that is damaged or of another evaluation.
   */
  static async open(
    caller: string,
    state: EvaluationState | undefined,
    identify: () => Promise<Identity>,
  ): Promise<Ledger> {
    if (!state) return new Ledger(caller, new Map());
    const identity = await identify();
    const text: unknown = (await state.read()) ?? null;
    const isText = text === null || typeof text === 'string';
    check(isText, caller, 'state', 'to read a text, or null where there is none', text);
    const figures = text === null ? {} : await decodeState(caller, text, identity);
    return new Ledger(caller, new Map(Object.entries(figures)), state, identity);
  }

  /**
   * The figure of this id: as it is known, or made now, and then written down before anything else is done.
   *
   * @throws ArgumentError for an id that was asked for before: one figure would be taken for another.
   */
  async entry<T extends Plain>(id: string, make: () => Promise<T>): Promise<T> {
    check(!this.asked.has(id), this.caller, 'attacks', 'to give every figure an id of its own', id);
    this.asked.add(id);
    const known = this.figures.get(id);
    if (known !== undefined) return known as T;
    const made = await make();
    this.figures.set(id, made);
    await this.state?.write(await encodeState(this.identity, Object.fromEntries(this.figures)));
    return made;
  }
}
