import type {ExperimentResult} from '../result.js';

/** The name of a model to its colour. */
export type ModelColors = Record<string, string>;

export const FONT = "Inter, system-ui, 'Segoe UI', Roboto, 'Liberation Sans', 'DejaVu Sans', sans-serif";

export const INK = '#1f2430';
export const MUTED = '#5d6675';
export const LINE = '#dfe3e9';
export const PAPER = '#ffffff';
/** Green and red; a tick or a cross beside them says the same without colour. */
export const RIGHT = '#12805c';
export const WRONG = '#c8322b';

/** Orange, blue, purple, grey, teal stay apart for the colour blind, also by lightness; the baseline comes first. */
const MODELS = ['#cf6d0c', '#1766b5', '#a8488f', '#6c7480', '#2d93a8', '#7a4a2b', '#85860f'];

/** What each colour above becomes on a dark page; the report swaps them by CSS. */
export const ON_DARK: Record<string, string> = {
  [INK]: '#e8ebf0',
  [MUTED]: '#9aa4b2',
  [LINE]: '#2f3743',
  [PAPER]: '#161b22',
  [RIGHT]: '#4cc796',
  [WRONG]: '#ff8078',
  [MODELS[0]]: '#f2a154',
  [MODELS[1]]: '#62b0f5',
  [MODELS[2]]: '#e292cf',
  [MODELS[3]]: '#aab2bd',
  [MODELS[4]]: '#63cfe3',
  [MODELS[5]]: '#c9946f',
  [MODELS[6]]: '#cbcc4f',
};

/** The same colour for the same name in every figure, in order of appearance. */
export function modelColors(result: ExperimentResult): ModelColors {
  const names = new Set(result.questions.flatMap(({models}) => models.map(({name}) => name)));
  return Object.fromEntries([...names].map((name, i) => [name, MODELS[i % MODELS.length]]));
}
