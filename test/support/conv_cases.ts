import type {Conv} from './conv_oracles.js';

const CHANNELS = [1, 3, 4, 5, 8, 13];
const PADS: Array<Conv['pad']> = [
  'same',
  'valid',
  1,
  [
    [0, 0],
    [0, 2],
    [1, 0],
    [0, 0],
  ],
];

/**
 * Convolutions of every kernel size from 1 to 7, square and not, with every stride from 1 to 3 and every sort of padding;
 * channels, batches and odd and even sizes of pictures take turns.
 *
 * @param turn Another number gives the same with other channels, batches and sizes.
 */
export function convCases(turn = 0): Conv[] {
  const cases: Conv[] = [];
  for (let size = 1; size <= 7; size++)
    for (const stride of [1, 2, 3])
      for (const pad of PADS) {
        const i = cases.length + turn;
        const wide = 1 + ((size + i) % 7);
        // tfjs takes a filter's height and the stride along it for both sides where padding is a number.
        const isSquare = pad === 1;
        const filter: [number, number] = i % 3 === 0 && !isSquare ? [size, wide] : [size, size];
        cases.push({
          // As large as the filter at least, so that something is left with every padding.
          x: [
            1 + (i % 3),
            filter[0] + ((i + turn) % 5),
            filter[1] + ((i + turn) % 4),
            CHANNELS[i % CHANNELS.length],
          ],
          filter: [
            ...filter,
            CHANNELS[i % CHANNELS.length],
            CHANNELS[(i + turn + (i % 5)) % CHANNELS.length],
          ],
          strides: i % 4 === 0 && !isSquare ? [stride, 1 + (stride % 3)] : [stride, stride],
          pad,
        });
      }
  return cases;
}

/** Pictures large enough that the work is split in blocks: more terms, rows or columns than one of them has. */
export const LARGE_CONVS: Conv[] = [
  {x: [2, 28, 28, 1], filter: [5, 5, 1, 32], strides: [1, 1], pad: 'same'},
  {x: [2, 14, 14, 32], filter: [5, 5, 32, 16], strides: [1, 1], pad: 'same'},
  {x: [1, 9, 9, 3], filter: [3, 3, 3, 515], strides: [1, 1], pad: 'same'},
  {x: [4, 33, 31, 5], filter: [3, 3, 5, 6], strides: [2, 2], pad: 'same'},
  {x: [2, 64, 64, 16], filter: [3, 3, 16, 4], strides: [1, 1], pad: 'valid'},
];

/** Spread-out filters, which the kernels take although tfjs's layers do not train them. */
export const DILATED_CONVS: Conv[] = [
  {x: [2, 9, 8, 3], filter: [3, 3, 3, 5], strides: [1, 1], pad: 'same', dilations: [2, 2]},
  {x: [1, 11, 10, 4], filter: [3, 2, 4, 8], strides: [1, 1], pad: 'valid', dilations: [3, 2]},
  {x: [1, 11, 10, 1], filter: [2, 3, 1, 1], strides: [1, 1], pad: 'same', dilations: [1, 3]},
];

/** No pictures, no channels, or no place for the filter: sums of nothing, or nothing. */
export const EMPTY_CONVS: Conv[] = [
  {x: [0, 5, 5, 3], filter: [3, 3, 3, 4], strides: [1, 1], pad: 'same'},
  {x: [2, 5, 5, 0], filter: [3, 3, 0, 4], strides: [1, 1], pad: 'same'},
  {x: [2, 5, 5, 3], filter: [3, 3, 3, 0], strides: [1, 1], pad: 'same'},
  {x: [1, 2, 2, 3], filter: [3, 3, 3, 4], strides: [1, 1], pad: 'valid'},
];
