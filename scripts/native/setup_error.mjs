/** A failure the user can act on: one sentence with the way out, shown without a stack. */
export class SetupError extends Error {
  constructor(message) {
    super(message);
    this.name = 'SetupError';
  }
}

/** The user ended the set-up. */
export class InterruptedError extends SetupError {
  constructor(signal) {
    super(`Interrupted by ${signal}: run this again to go on.`);
    this.name = 'InterruptedError';
    this.signal = signal;
  }
}
