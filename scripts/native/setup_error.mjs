/** A failure the user can act on: one sentence with the way out, shown without a stack. */
export class SetupError extends Error {
  constructor(message) {
    super(message);
    this.name = 'SetupError';
  }
}
