import {serialization} from '@tensorflow/tfjs-core';
import {check} from '../src/index.js';

/** Version of what our classes write into saved files; it grows when older readers cannot read on. */
export const CONFIG_VERSION = 1;

interface SavedClass {
  className: string;
}

/** The class that tfjs makes of this name when it loads a file; it keeps one for each name, the last registered. */
function registeredClass(className: string): unknown {
  const {classNameMap} = serialization.SerializationMap.getMap();
  return Object.hasOwn(classNameMap, className) ? classNameMap[className][0] : undefined;
}

/** Registers a class for loading; where its name is taken by another, a warning says so, and ours takes its place. */
export function registerOwnClass(cls: SavedClass, register: (cls: SavedClass) => void): void {
  const other = registeredClass(cls.className);
  if (other !== undefined && other !== cls) {
    console.warn(
      `tfjs-large-margin: the class name ${cls.className} was registered already, perhaps by a second copy of ` +
        'tfjs-large-margin; models that are loaded from now on get the class of this copy',
    );
  }
  register(cls);
}

/**
 * Refuses to save a class whose name somebody else has registered since: loading would give theirs.
 *
 * @throws ArgumentError.
 */
export function checkOwnClass(cls: SavedClass): void {
  const registered = registeredClass(cls.className);
  // Nothing there: a program may register its classes after it has made its models.
  const isOurs = registered === undefined || registered === cls;
  const wayOut = 'load one copy of tfjs-large-margin only, or register your class under another name';
  check(
    isOurs,
    'save',
    `the class name ${cls.className}`,
    'to be that of tfjs-large-margin',
    'another class',
    wayOut,
  );
}

/**
 * Refuses a config of a later version than this one can read; those before versions were written count as 1.
 *
 * @throws ArgumentError.
 */
export function checkVersion(cls: SavedClass, version: unknown): void {
  const isKnown = version === undefined || (Number.isInteger(version) && Number(version) <= CONFIG_VERSION);
  const wanted = `of a saved ${cls.className} to be at most ${CONFIG_VERSION}`;
  check(isKnown, 'load', 'the version', wanted, version, 'update tfjs-large-margin');
}
