import type {Json} from '../callbacks/resumable_callback.js';

const KEY = '$number';

/** Numbers that JSON has no sign for; it would make null or 0 of them. */
const NAMES = new Map<number, string>([
  [Infinity, 'Infinity'],
  [-Infinity, '-Infinity'],
]);

/** Writes JSON in which every number keeps its value: NaN, infinities and -0 by name. */
export function stringifyExactly(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'number') return part;
    if (Number.isNaN(part)) return {[KEY]: 'NaN'};
    if (Object.is(part, -0)) return {[KEY]: '-0'};
    return NAMES.has(part) ? {[KEY]: NAMES.get(part)} : part;
  });
}

/** Reads what `stringifyExactly` wrote. */
export function parseExactly(text: string): Json {
  return JSON.parse(text, (_, part: Json) => {
    const isNamed = part !== null && typeof part === 'object' && KEY in part;
    return isNamed ? Number((part as Record<string, string>)[KEY]) : part;
  }) as Json;
}
