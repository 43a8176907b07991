import type {ResolvedAttackOptions} from './attack_options.js';

/** Lets a long attack be watched and ended, and other code run between its steps. */
export class Marshal {
  private readonly of: number;
  private examples = 0;
  private steps = 0;

  constructor(
    private readonly attack: string,
    size: number,
    private readonly options: Pick<ResolvedAttackOptions, 'onProgress' | 'signal' | 'epsilons'>,
  ) {
    this.of = size * (options.epsilons?.length ?? 1);
  }

  checkAborted(): void {
    this.options.signal?.throwIfAborted();
  }

  /** A batch begins at a radius. */
  begin(): void {
    this.steps = 0;
  }

  /** A batch is done at a radius. */
  end(examples: number): void {
    this.examples += examples;
  }

  /** One step was made for so many examples. */
  async step(epsilon: number, active: number): Promise<void> {
    this.checkAborted();
    this.steps++;
    const {attack, examples, of, steps: step} = this;
    const radius = Number.isFinite(epsilon) ? epsilon : undefined;
    this.options.onProgress?.({attack, epsilon: radius, examples, of, step, active});
    await pause();
    this.checkAborted();
  }
}

/** Node's own way to let waiting events through costs a thousandth of what a timer does. */
const {setImmediate} = globalThis as {setImmediate?: (f: () => void) => void};

function pause(): Promise<void> {
  return new Promise(resolve => (setImmediate ?? setTimeout)(resolve));
}
