import type {Json} from '../callbacks/resumable_callback.js';

/** A number that JSON has no sign for, and would make null or 0 of, is an object with this key: its name. */
const KEY = '$number';

/** Keys that could be taken for it: they get one more sign. */
const LIKE_KEY = /^\$+number$/;

/** Writes JSON in which every number keeps its value: NaN, infinities and -0 too. */
export function stringifyExactly(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'number') return renamed(part, key => `$${key}`);
    if (Object.is(part, -0)) return {[KEY]: '-0'};
    return Number.isFinite(part) ? part : {[KEY]: String(part)};
  });
}

/** Reads what `stringifyExactly` wrote. */
export function parseExactly(text: string): Json {
  return JSON.parse(text, (_, part: Json) => {
    const isNumber = isObject(part) && Object.hasOwn(part, KEY);
    return isNumber ? Number(part[KEY]) : renamed(part, key => key.slice(1));
  }) as Json;
}

/** The same with other names for keys that look like ours. */
function renamed(part: unknown, rename: (key: string) => string): unknown {
  if (!isObject(part) || !Object.keys(part).some(key => LIKE_KEY.test(key))) return part;
  const entries = Object.entries(part);
  return Object.fromEntries(entries.map(([key, value]) => [LIKE_KEY.test(key) ? rename(key) : key, value]));
}

function isObject(part: unknown): part is Record<string, unknown> {
  return part !== null && typeof part === 'object' && !Array.isArray(part);
}
