import {parseArgs} from 'node:util';

const NUMBERS = ['steps', 'rounds', 'minutes'];
const LISTS = ['engines', 'modes', 'batches'];

/** A mistake in the command line: one sentence for the user. */
export class UsageError extends Error {}

/**
 * Reads the command line: names of parts, numbers and lists that narrow a part down.
 *
 * @param {string[]} argv
 * @param {Record<string, {always: boolean}>} parts known parts; without names the `always` ones run
 * @throws UsageError
 */
export function readArguments(argv, parts) {
  const {values, positionals} = parse(argv);
  for (const name of positionals) {
    if (!Object.hasOwn(parts, name)) {
      throw new UsageError(`unknown part ${name}; known parts: ${Object.keys(parts).join(', ')}`);
    }
  }
  const wanted = positionals.length > 0 ? positionals : Object.keys(parts).filter(name => parts[name].always);
  const options = {help: values.help, name: readName(values.name), parts: [...new Set(wanted)]};
  for (const key of NUMBERS) options[key] = readNumber(key, values[key]);
  for (const key of LISTS) options[key] = values[key]?.split(',').filter(Boolean);
  if (options.batches) options.batches = options.batches.map(text => readNumber('batches', text));
  return options;
}

function parse(argv) {
  const texts = [...NUMBERS, ...LISTS, 'name'].map(key => [key, {type: 'string'}]);
  const help = {help: {type: 'boolean', short: 'h', default: false}};
  try {
    return parseArgs({args: argv, allowPositionals: true, options: {...Object.fromEntries(texts), ...help}});
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function readNumber(key, text) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new UsageError(`--${key}: expected a whole number > 0, got ${text}`);
}

function readName(text) {
  if (text === undefined || /^[\w-]+$/.test(text)) return text;
  throw new UsageError(`--name: expected letters, digits, _ and - only, got ${text}`);
}
