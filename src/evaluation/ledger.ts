import {check} from '../checks.js';
import {
  decodeState,
  encodeState,
  type EvaluationState,
  type Identity,
  type Plain,
} from './evaluation_state.js';

/** Says what an evaluation is of; asked only where there is a state. */
export interface Identify {
  identify(): Promise<Identity>;
  /** The part of it that says which nets they are. */
  nets(): Promise<Identity>;
}

/** The figures of an evaluation that are done, by their ids; with a state they survive the process. */
export class Ledger {
  private readonly asked = new Set<string>();

  private constructor(
    private readonly caller: string,
    private readonly figures: Map<string, Plain>,
    private readonly state?: EvaluationState,
    private readonly identity: Identity = {},
    private readonly nets: Identify['nets'] = async () => ({}),
  ) {}

  /**
   * Begins, or goes on where a state has figures already.
   *
   * @throws EvaluationStateError for a state that is damaged or of another evaluation.
   */
  static async open(
    caller: string,
    state: EvaluationState | undefined,
    {identify, nets}: Identify,
  ): Promise<Ledger> {
    if (!state) return new Ledger(caller, new Map());
    const identity = await identify();
    const text: unknown = (await state.read()) ?? null;
    const isText = text === null || typeof text === 'string';
    check(isText, caller, 'state', 'to read a text, or null where there is none', text);
    const figures = text === null ? {} : await decodeState(caller, text, identity);
    return new Ledger(caller, new Map(Object.entries(figures)), state, identity, nets);
  }

  /**
   * The figure of this id: as it is known, or made now, and then written down before anything else is done.
   *
   * @throws ArgumentError for an id that was asked for before, for one figure would be taken for another; and where there is
   *     a state and the nets are not those any more that they were.
   */
  async entry<T extends Plain>(id: string, make: () => Promise<T>): Promise<T> {
    check(!this.asked.has(id), this.caller, 'attacks', 'to give every figure an id of its own', id);
    this.asked.add(id);
    const known = this.figures.get(id);
    if (known !== undefined) return known as T;
    const made = await make();
    if (this.state) await this.checkNets();
    this.figures.set(id, made);
    await this.state?.write(await encodeState(this.identity, Object.fromEntries(this.figures)));
    return made;
  }

  private async checkNets(): Promise<void> {
    const changed = Object.entries(await this.nets()).filter(([key, text]) => this.identity[key] !== text);
    const names = changed.map(([key]) => key).join(', ');
    const wayOut = 'its weights changed while they were measured: wait until training has ended';
    check(names === '', this.caller, 'classifier', 'to be the same net throughout', `other ${names}`, wayOut);
  }
}
