import {drawSigns, type MovesIn} from './square_moves.js';
import {drawWindow, placesOf, windowSize} from './square_windows.js';

/**
 * Random search among the corners of the linf ball (Andriushchenko et al. 2020, algorithm 2): it begins with vertical
 * stripes of +-epsilon, and each move sets a square to +-epsilon, one sign for each channel.
 */
export const linfMoves: MovesIn = (picture, epsilon, [low, high]) => {
  const {width, channels} = picture;
  const corner = (x: number, sign: number) => Math.min(Math.max(x + sign * epsilon, low), high);
  return {
    start(at, x, random) {
      const signs = drawSigns(width * channels, random);
      for (let i = 0; i < x.length; i++) at[i] = corner(x[i], signs[i % signs.length]);
    },
    change(at, x, share, random) {
      const size = windowSize(picture, share, {least: 1, isOdd: false});
      const places = placesOf(picture, drawWindow(picture, size, random));
      const paint = (signs: number[]) => {
        let isChanged = false;
        for (const place of places)
          for (let k = 0; k < channels; k++) {
            const before = at[place + k];
            at[place + k] = corner(x[place + k], signs[k]);
            isChanged ||= at[place + k] !== before;
          }
        return isChanged;
      };
      const signs = drawSigns(channels, random);
      // A query for the input of an earlier one would be wasted.
      if (!paint(signs)) paint(signs.map(sign => -sign));
    },
  };
};
