/** Height and width, window, stride, padding. */
export type Convolution = [[number, number], [number, number], number | [number, number], 'valid' | 'same'];

/** Convolutions and pools that leave rows over, overlap, are padded on one side only, or are not square. */
export const convolutions: Convolution[] = [
  [[5, 7], [2, 2], 2, 'valid'],
  [[5, 7], [2, 2], 2, 'same'],
  [[7, 6], [3, 3], 2, 'valid'],
  [[6, 8], [3, 3], 2, 'same'],
  [[5, 6], [3, 3], 1, 'same'],
  [[7, 6], [3, 2], 1, 'same'],
  [[4, 5], [1, 1], 1, 'valid'],
];

/** From and to which height and width, and whether corners are aligned. */
export type Resizing = [[number, number], [number, number], boolean];

/** Resizings by whole and by broken factors, up, down and to a single pixel. */
export const resizings: Resizing[] = [
  [[3, 4], [6, 8], false],
  [[3, 4], [5, 9], false],
  [[3, 4], [5, 9], true],
  [[7, 5], [3, 4], false],
  [[4, 4], [1, 1], false],
];
