import {stopChildren} from './run_command.mjs';
import {InterruptedError} from './setup_error.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Lets a Ctrl-C end run() by way of its own clean-up instead of in the middle of things. */
export async function interruptible(run) {
  let caught = null;
  const onSignal = signal => {
    caught = signal;
    stopChildren();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const result = await run();
    if (!caught) return result;
  } catch (error) {
    if (!caught) throw error;
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
  throw new InterruptedError(caught);
}
