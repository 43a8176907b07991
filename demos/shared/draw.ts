import {Resvg} from '@resvg/resvg-js';
import * as vega from 'vega';
import {compile, type TopLevelSpec} from 'vega-lite';
import {textWidth} from './text.js';

export type {TopLevelSpec};

/** Renders a vega-lite spec to an SVG string: text stays text, nothing is loaded from elsewhere. */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  measureTextAsWeDo();
  const view = new vega.View(vega.parse(compile(spec).spec), {renderer: 'none'});
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/**
 * Renders an SVG to a PNG.
 *
 * @param width pixels; the height follows
 * @param fontFiles TrueType files to write with; none: the machine's own fonts
 * @throws when there is text and no font to write it with: resvg would leave it out in silence
 */
export function renderPng(svg: string, width: number, fontFiles: string[] = []): Buffer {
  const font = {fontFiles, loadSystemFonts: fontFiles.length === 0};
  if (svg.includes('<text') && !canWrite(font)) {
    throw new Error(
      'renderPng: expected a font, found none; install one (Debian: apt-get install fonts-dejavu-core)',
    );
  }
  // Nearest neighbour: the only images are pictures of a few pixels.
  return new Resvg(svg, {font, fitTo: {mode: 'width', value: width}, imageRendering: 1}).render().asPng();
}

/** Without a canvas vega takes 0.8 em for a character, and legends fall apart. */
function measureTextAsWeDo(): void {
  const {textMetrics} = vega as unknown as {
    textMetrics: {width: (item: {fontSize?: number}, text: unknown) => number};
  };
  textMetrics.width = ({fontSize = 11}, text) => textWidth(String(text ?? ''), fontSize);
}

function canWrite(font: {fontFiles: string[]; loadSystemFonts: boolean}): boolean {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text x="2" y="16" font-size="16">A</text></svg>';
  return new Resvg(svg, {font}).getBBox() !== undefined;
}
