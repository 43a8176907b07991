import {gemm, gemmScratch} from './gemm';
import {blockOf, isPointwise, Patches} from './patches';
import {readPatches} from './read_patches';

/** Bytes of patches that are read at a time: they stay in the cache until they are multiplied. */
const BLOCK: i32 = 1 << 19;

/** Bytes of scratch memory for patches of `patch` numbers at `places` places of the output in all. */
export function conv2DScratch(patch: i32, places: i32, outChannels: i32): i32 {
  const block = blockOf(BLOCK, patch, places);
  return block * patch * 4 + gemmScratch(block, patch, outChannels);
}

/** y = the patches of x, times the filter, [filterHeight, filterWidth, channels, outChannels]; `batch` pictures. */
export function conv2D(
  x: usize,
  filter: usize,
  y: usize,
  geometry: usize,
  batch: i32,
  outChannels: i32,
  scratch: usize,
): void {
  const p = changetype<Patches>(geometry);
  const patch = p.filterHeight * p.filterWidth * p.channels;
  const places = batch * p.outHeight * p.outWidth;
  if (isPointwise(p)) {
    // The patches are the pictures.
    gemm(places, patch, outChannels, x, patch, 1, 0, filter, outChannels, 1, y, outChannels, 0, scratch);
    return;
  }
  const block = blockOf(BLOCK, patch, places);
  const rest = scratch + ((<usize>(block * patch)) << 2);
  for (let place = 0; place < places; place += block) {
    const count = min(block, places - place);
    readPatches(scratch, x, geometry, place, count);
    const to = y + ((<usize>(place * outChannels)) << 2);
    gemm(count, patch, outChannels, scratch, patch, 1, 0, filter, outChannels, 1, to, outChannels, 0, rest);
  }
}
