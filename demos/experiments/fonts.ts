import {createRequire} from 'node:module';

const FILES = ['400Regular/Inter_400Regular.ttf', '600SemiBold/Inter_600SemiBold.ttf'];

/**
 * The font of report.png: Inter, from the npm package @expo-google-fonts/inter, so that the picture is the same on every
 * machine and has text where no font is installed. Empty when the package is missing: then the machine's own fonts serve.
 */
export function findFonts(): string[] {
  const {resolve} = createRequire(import.meta.url);
  try {
    return FILES.map(file => resolve(`@expo-google-fonts/inter/${file}`));
  } catch {
    return [];
  }
}
