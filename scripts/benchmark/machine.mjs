import {readFileSync} from 'node:fs';
import os from 'node:os';

/** One line about this machine: processor, cores, memory, system, load. */
export function describeMachine() {
  const cores = os.availableParallelism();
  const memory = `${Math.round(os.totalmem() / 2 ** 30)} GiB`;
  const load = os.loadavg()[0].toFixed(1);
  return `${processorName()}, ${cores} cores, ${memory}, ${os.type()} ${os.release()}, load before the run ${load}`;
}

/** The processor's name; some virtual machines tell os.cpus() nothing. */
function processorName() {
  const name = os.cpus()[0]?.model.trim();
  if (name && name !== 'unknown') return name;
  try {
    return readFileSync('/proc/cpuinfo', 'utf8').match(/^model name\s*: (.*)$/m)?.[1] ?? os.arch();
  } catch {
    return os.arch();
  }
}
