import {addPatches} from './add_patches';
import {gemm, gemmScratch} from './gemm';
import {blockOf, isPointwise, Patches} from './patches';

/** Bytes of patches that are made at a time: they stay in the cache until they are added up. */
const BLOCK: i32 = 1 << 20;

/** Bytes of scratch memory for patches of `patch` numbers at `places` places of the output in all. */
export function conv2DBackpropInputScratch(patch: i32, places: i32, outChannels: i32): i32 {
  const block = blockOf(BLOCK, patch, places);
  return block * patch * 4 + gemmScratch(block, outChannels, patch);
}

/** dx = the patches dy filter^T, added up; `batch` pictures; the filter is [filterHeight, filterWidth, channels, outChannels]. */
export function conv2DBackpropInput(
  dy: usize,
  filter: usize,
  dx: usize,
  geometry: usize,
  batch: i32,
  outChannels: i32,
  scratch: usize,
): void {
  const p = changetype<Patches>(geometry);
  const patch = p.filterHeight * p.filterWidth * p.channels;
  const places = batch * p.outHeight * p.outWidth;
  const block = blockOf(BLOCK, patch, places);
  const rest = scratch + ((<usize>(block * patch)) << 2);
  if (isPointwise(p)) {
    // The patches are the pictures.
    gemm(places, outChannels, patch, dy, outChannels, 1, 0, filter, 1, outChannels, dx, patch, 0, scratch);
    return;
  }
  memory.fill(dx, 0, (<usize>(batch * p.inHeight * p.inWidth * p.channels)) << 2);
  for (let place = 0; place < places; place += block) {
    const count = min(block, places - place);
    const from = dy + ((<usize>(place * outChannels)) << 2);
    gemm(count, outChannels, patch, from, outChannels, 1, 0, filter, 1, outChannels, scratch, patch, 0, rest);
    addPatches(dx, geometry, scratch, place, count);
  }
}
