/** Where a convolution reads its pictures: int32 each, in this order. `conv_geometry.ts` writes them. */
@unmanaged
export class Patches {
  inHeight: i32;
  inWidth: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  filterHeight: i32;
  filterWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  padTop: i32;
  padLeft: i32;
}

/** Whether a patch is a pixel, and every pixel one: 1 x 1, without strides and padding. */
export function isPointwise(p: Patches): bool {
  const isPixel = p.filterHeight * p.filterWidth * p.strideHeight * p.strideWidth == 1;
  return isPixel && p.inHeight == p.outHeight && p.inWidth == p.outWidth;
}

/** How many of `places` patches of `patch` numbers are handled at a time, so that they take about so many bytes. */
export function blockOf(bytes: i32, patch: i32, places: i32): i32 {
  return max(1, min(places, bytes / 4 / max(1, patch)));
}
