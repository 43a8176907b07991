// The matrix of patches, [places, filterHeight filterWidth channels], written out for some places of the output.
import {Patches} from './patches';

/** A row for each of `places` places of the output from `place` on; what lies outside of its picture is 0. */
export function readPatches(to: usize, x: usize, geometry: usize, place: i32, places: i32): void {
  const p = changetype<Patches>(geometry);
  const pixel = (<usize>p.channels) << 2;
  // Pixels that are side by side in the picture too: a line of the patch, or one where there are gaps.
  const width = p.dilationWidth == 1 ? p.filterWidth : 1;
  const bytes = <usize>width * pixel;
  for (const end = place + places; place < end; place++) {
    const outRow = place / p.outWidth;
    const picture = outRow / p.outHeight;
    let inRow = (outRow - picture * p.outHeight) * p.strideHeight - p.padTop;
    for (let i = 0; i < p.filterHeight; i++, inRow += p.dilationHeight) {
      const inside = <u32>inRow < <u32>p.inHeight ? p.inWidth : 0;
      const line = x + <usize>(picture * p.inHeight + inRow) * <usize>p.inWidth * pixel;
      let left = (place - outRow * p.outWidth) * p.strideWidth - p.padLeft;
      for (let j = 0; j < p.filterWidth; j += width, left += p.dilationWidth, to += bytes) {
        const first = max(0, -left);
        const count = min(width, inside - left) - first;
        if (count < width) memory.fill(to, 0, bytes);
        copyFloats(to + <usize>first * pixel, line + <isize>(left + first) * pixel, count * p.channels);
      }
    }
  }
}

/** Copies nothing where `count` is not above 0. */
function copyFloats(to: usize, from: usize, count: i32): void {
  for (; count >= 4; count -= 4, to += 16, from += 16) v128.store(to, v128.load(from));
  for (; count > 0; count--, to += 4, from += 4) store<f32>(to, load<f32>(from));
}
