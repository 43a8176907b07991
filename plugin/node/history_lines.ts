/** One epoch of a history file: its number, and its logs. */
export type HistoryLine = {epoch: number} & Record<string, number>;

/** Thrown for a history file that holds something else; names the line, counted from 1. */
export class HistoryFileError extends Error {
  override readonly name = 'HistoryFileError';
  readonly path: string;
  readonly line: number;

  constructor(path: string, line: number, reason: string) {
    super(`${path}, line ${line}: ${reason}; mend or remove the line, or begin a new file`);
    this.path = path;
    this.line = line;
  }
}

const NAMED = new Map([NaN, Infinity, -Infinity].map(value => [String(value), value]));

/** One line of JSON, its newline included: numbers in full, those that JSON does not know by their names. */
export function formatLine(values: HistoryLine): string {
  const pairs = Object.entries(values).map(([key, value]) => `${JSON.stringify(key)}:${formatNumber(value)}`);
  return `{${pairs.join(',')}}\n`;
}

/**
 * Reads the lines of a history file, with their text. What follows the last newline was never finished and is left out.
 *
 * @throws HistoryFileError for a whole line that is no epoch.
 */
export function parseLines(path: string, text: string): Array<{text: string; values: HistoryLine}> {
  const whole = text.split('\n').slice(0, -1);
  return whole.map((line, i) => ({text: `${line}\n`, values: parseLine(path, line, i + 1)}));
}

function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  // JSON.stringify and String forget the sign of 0.
  return Object.is(value, -0) ? '-0' : String(value);
}

function parseLine(path: string, text: string, line: number): HistoryLine {
  const fail = (reason: string) => new HistoryFileError(path, line, reason);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw fail(`expected JSON, got ${(error as Error).message}`);
  }
  const isObject = parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed);
  if (!isObject) throw fail('expected an object');
  const values = Object.entries(parsed as object).map(([key, value]) => {
    const number = typeof value === 'string' ? NAMED.get(value) : (value as unknown);
    if (typeof number !== 'number')
      throw fail(`expected ${key} to be a number, got ${JSON.stringify(value)}`);
    return [key, number] as const;
  });
  const result = Object.fromEntries(values) as HistoryLine;
  if (!Number.isInteger(result.epoch) || result.epoch < 0) throw fail('expected an epoch >= 0');
  return result;
}
