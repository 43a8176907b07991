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

const {setImmediate} = globalThis as {setImmediate?: (f: () => void) => void};

/** Lets waiting events through. A timer would be slow: browsers make it 4 ms, and a second where the page is not seen. */
function pause(): Promise<void> {
  if (setImmediate) return new Promise(resolve => setImmediate(resolve));
  const {port1, port2} = new MessageChannel();
  return new Promise(resolve => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
