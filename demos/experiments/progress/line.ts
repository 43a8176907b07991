import type {Values} from '../progress.js';
import {percent, short} from '../wording.js';

/** 'cross entropy 0.412  validation accuracy 96.4 %'. */
export function describeValues(values: Values): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${wordsOf(name)} ${/accuracy$/i.test(name) ? percent(value) : short(value)}`)
    .join('  ');
}

function wordsOf(name: string): string {
  return name.replace(
    /([a-z0-9])([A-Z])/g,
    (_, before: string, after: string) => `${before} ${after.toLowerCase()}`,
  );
}
