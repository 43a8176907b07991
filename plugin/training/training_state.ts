import {check} from '../../src/index.js';
import type {Json} from '../callbacks/resumable_callback.js';
import {isSealed, seal} from './checksum.js';
import {parseExactly, stringifyExactly} from './exact_json.js';
import type {Counters} from './randomness.js';
import type {OptimizerState} from './optimizer_state.js';

/** Version of what is written; it grows when older readers cannot read on. */
const VERSION = 1;

/** All of a training that is no tensor. */
export interface TrainingState {
  optimizer: Omit<OptimizerState, 'tensors'>;
  counters: Counters;
  /** States of generators by their names. */
  streams: Record<string, number[]>;
  callbacks: Array<{key: string; state?: Json}>;
  /** What the caller adds. */
  progress: Record<string, Json>;
  /** Of the tensors that are written beside it. */
  specs: Json;
  /** Of the other files, by their names. */
  checksums: Record<string, string>;
}

/** Writes a state as the text of a file. */
export function encodeState(state: TrainingState): Uint8Array {
  return seal(stringifyExactly({version: VERSION, ...state}));
}

/**
 * Reads what `encodeState` wrote.
 *
 * @param file Its name, for messages.
 * @throws ArgumentError where a later version wrote it, and for anything else.
 */
export function decodeState(caller: string, file: string, bytes: Uint8Array): TrainingState {
  check(isSealed(bytes), caller, file, 'to have the checksum that it was saved with', 'another', DAMAGED);
  const {version, checksum: _, ...state} = decodeJson(caller, file, bytes);
  const isCount = typeof version === 'number' && Number.isInteger(version) && version >= 1;
  check(isCount, caller, file, 'to have a version', version, DAMAGED);
  const wanted = `to be at most ${VERSION}`;
  check(version <= VERSION, caller, 'the version of the checkpoint', wanted, version, UPDATE);
  const lost = ['optimizer', 'counters', 'streams', 'callbacks', 'progress', 'specs', 'checksums'].find(
    key => state[key] === null || typeof state[key] !== 'object',
  );
  check(lost === undefined, caller, file, `to have ${lost}`, Object.keys(state), DAMAGED);
  return state as unknown as TrainingState;
}

/**
 * Reads a file of JSON that holds an object.
 *
 * @throws ArgumentError for anything else.
 */
export function decodeJson(caller: string, file: string, bytes: Uint8Array): Record<string, Json> {
  const value = parse(new TextDecoder().decode(bytes));
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
  check(isObject, caller, file, 'to be a JSON object', `${bytes.length} bytes of something else`, DAMAGED);
  return value;
}

function parse(text: string): Json {
  try {
    return parseExactly(text);
  } catch {
    return null;
  }
}

const UPDATE = 'update tfjs-large-margin';
const DAMAGED = 'it is damaged, or written by another program';
