// The way back of reading patches: every patch is added to the pictures at the place that it was read from.
import {Patches} from './patches';

/** Adds rows of [filterHeight filterWidth channels], one for each of `places` places of the output, to the pictures x. */
export function addPatches(x: usize, geometry: usize, rows: usize, place: i32, places: i32): void {
  const p = changetype<Patches>(geometry);
  const line = (<usize>(p.filterWidth * p.channels)) << 2;
  let outColumn = place % p.outWidth;
  let outRow = (place / p.outWidth) % p.outHeight;
  let picture = place / p.outWidth / p.outHeight;
  for (let k = 0; k < places; k++) {
    const left = outColumn * p.strideWidth - p.padLeft;
    let inRow = outRow * p.strideHeight - p.padTop;
    for (let i = 0; i < p.filterHeight; i++, inRow += p.dilationHeight, rows += line) {
      if (<u32>inRow >= <u32>p.inHeight) continue;
      addLine(x + ((<usize>((picture * p.inHeight + inRow) * p.inWidth * p.channels)) << 2), p, rows, left);
    }
    if (++outColumn < p.outWidth) continue;
    outColumn = 0;
    if (++outRow < p.outHeight) continue;
    outRow = 0;
    picture++;
  }
}

/** One line of a patch, [filterWidth, channels], that begins at column `left` of a line of a picture. */
function addLine(x: usize, p: Patches, from: usize, left: i32): void {
  const pixel = (<usize>p.channels) << 2;
  if (p.dilationWidth == 1) {
    // Side by side in both.
    const first = max(0, -left);
    const last = min(p.filterWidth, p.inWidth - left);
    if (last > first)
      addFloats(x + <usize>(left + first) * pixel, from + <usize>first * pixel, (last - first) * p.channels);
    return;
  }
  for (let j = 0; j < p.filterWidth; j++, left += p.dilationWidth, from += pixel) {
    if (<u32>left < <u32>p.inWidth) addFloats(x + <usize>left * pixel, from, p.channels);
  }
}

/** to += from, `count` numbers. */
export function addFloats(to: usize, from: usize, count: i32): void {
  for (; count >= 4; count -= 4, to += 16, from += 16)
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  for (; count > 0; count--, to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
}
