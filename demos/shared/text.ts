/** Widths of the characters of common sans-serif fonts, rounded up, in em; what is not named is as wide as 'n'. */
const WIDTHS: Array<[RegExp, number]> = [
  [/[ijlI.,:;'|!]/, 0.3],
  [/[ frt()/-]/, 0.4],
  [/[A-Z]/, 0.72],
  [/[mwMW%@—]/, 0.9],
];
const OTHERS = 0.6;

/** About as wide as the text is drawn, rather more than less, in the unit of the font size. */
export function textWidth(text: string, fontSize: number): number {
  let em = 0;
  for (const sign of text) em += WIDTHS.find(([signs]) => signs.test(sign))?.[1] ?? OTHERS;
  return em * fontSize;
}

/** Breaks a text at its spaces into lines that fit; a longer word stays whole. */
export function wrapText(text: string, fits: (line: string) => boolean): string[] {
  const lines: string[] = [];
  for (const word of text.split(/[ \n]+/).filter(Boolean)) {
    const longer = lines.length > 0 ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length > 0 && fits(longer)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Ties a number to its sign or unit, so that no line breaks between them: '96.8 %', 'ε = 0.1'. */
export function tieNumbers(text: string): string {
  return text
    .replace(/ (?=[%=])/g, '\u00a0')
    .replace(/(?<==) /g, '\u00a0')
    .replace(/(\d) (s|min|h|points)\b/g, '$1\u00a0$2');
}

/** Makes a text safe inside HTML and XML, between tags and in quoted attributes. */
export function escapeMarkup(text: string): string {
  const names: Record<string, string> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};
  return text.replace(/[&<>"']/g, sign => names[sign]);
}
