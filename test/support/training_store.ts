import type {CheckpointStore} from '../../plugin/training/resumable_args.js';
import {checksumOf, seal} from '../../plugin/training/checksum.js';
import type {Files} from '../../plugin/training/model_files.js';

/** What a test throws where a process would be killed. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
}

/** Keeps checkpoints in memory, by way of bytes as a disk would. */
export class TrainingStore implements CheckpointStore {
  /** All that was saved, the last one last. */
  readonly saved: Array<{step: number; files: Files}> = [];

  /** @param most After so many more saves the next thing that happens is an Interruption. */
  constructor(public most = Infinity) {}

  async save(step: number, files: Files): Promise<void> {
    this.saved.push({step, files: copied(files)});
    if (--this.most === 0) throw new Interruption();
  }

  async load(): Promise<{step: number; files: Files} | undefined> {
    const last = this.saved.at(-1);
    return last && {step: last.step, files: copied(last.files)};
  }

  /** A store with the first of what this one has. */
  upTo(count: number): TrainingStore {
    const store = new TrainingStore();
    store.saved.push(...this.saved.slice(0, count));
    return store;
  }
}

export function copied(files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.slice()]));
}

/** A file of JSON of a checkpoint, to be looked at or changed. */
export function jsonIn(files: Files, name: string): Record<string, never> {
  return JSON.parse(new TextDecoder().decode(files[name])) as Record<string, never>;
}

/** A checkpoint with another training.json, whose checksums are right. */
export function withState(files: Files, state: object): Files {
  const {checksum: _, ...rest} = state as {checksum?: string};
  const others = Object.entries(files).filter(([name]) => name !== 'training.json');
  const checksums = Object.fromEntries(others.map(([name, bytes]) => [name, checksumOf(bytes)]));
  return {...files, 'training.json': seal(JSON.stringify({...rest, checksums}))};
}
