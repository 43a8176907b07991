import {Resvg} from '@resvg/resvg-js';

/** The pixels of a PNG, red, green, blue and alpha each. */
export function pixelsOf(png: Buffer): {width: number; height: number; rgba: Buffer} {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const url = `data:image/png;base64,${png.toString('base64')}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><image href="${url}" width="${width}" height="${height}"/></svg>`;
  return {width, height, rgba: new Resvg(svg).render().pixels};
}

/** Share of pixels that are neither white nor transparent. */
export function inkOf(png: Buffer): number {
  const {width, height, rgba} = pixelsOf(png);
  let ink = 0;
  for (let i = 0; i < rgba.length; i += 4) {
    if (rgba[i + 3] > 0 && Math.min(rgba[i], rgba[i + 1], rgba[i + 2]) < 200) ink++;
  }
  return ink / (width * height);
}
