import {convCases, DILATED_CONVS, EMPTY_CONVS} from './conv_cases.js';
import {outShapeOf, type Conv} from './conv_oracles.js';

/** Windows of every size from 1 to 7 with one filter a channel, as most depthwise convolutions have, or up to three. */
export const WINDOW_CASES = convCases(1).map((conv, i) => eachChannel(conv, [1, 2, 1, 3, 1][i % 5]));

/** As nets have them, and global ones. */
export const NET_WINDOWS: Conv[] = [
  {x: [1, 56, 56, 8], filter: [3, 3, 8, 1], strides: [1, 1], pad: 'same'},
  {x: [2, 57, 55, 6], filter: [3, 3, 6, 1], strides: [2, 2], pad: 'same'},
  {x: [4, 7, 7, 130], filter: [3, 3, 130, 1], strides: [1, 1], pad: 'same'},
  {x: [3, 7, 9, 33], filter: [7, 9, 33, 1], strides: [7, 9], pad: 'valid'},
  {x: [2, 28, 28, 32], filter: [2, 2, 32, 1], strides: [2, 2], pad: 'valid'},
];

export const DILATED_WINDOWS = DILATED_CONVS.map((conv, i) => eachChannel(conv, 1 + i));

/** No pictures, no channels, no place for the window. */
export const EMPTY_WINDOWS = EMPTY_CONVS.filter(({filter}) => filter[3] > 0).map(conv =>
  eachChannel(conv, 1),
);

/** The shape of what comes out, and of its slope dy, where each channel has filters of its own. */
export function channelwiseShape(conv: Conv): number[] {
  return [...outShapeOf(conv).slice(0, 3), conv.x[3] * conv.filter[3]];
}

function eachChannel(conv: Conv, multiplier: number): Conv {
  const [height, width, channels] = conv.filter;
  return {...conv, filter: [height, width, channels, multiplier]};
}
