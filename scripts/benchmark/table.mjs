/**
 * Lays out rows as text: columns are [{title, align: 'left' | 'right', of: row => text}]; a row that is a string stands
 * alone as a heading. Columns are as wide as their widest text.
 */
export function formatTable(columns, rows) {
  const cells = rows.map(row => (typeof row === 'string' ? row : columns.map(({of}) => String(of(row)))));
  const widths = columns.map(({title}, i) =>
    Math.max(title.length, ...cells.filter(Array.isArray).map(row => row[i].length)),
  );
  const line = texts =>
    texts
      .map((text, i) => (columns[i].align === 'right' ? text.padStart(widths[i]) : text.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  const rule = '-'.repeat(widths.reduce((a, b) => a + b + 2, -2));
  const body = cells.map(row => (Array.isArray(row) ? line(row) : row));
  return [line(columns.map(({title}) => title)), rule, ...body].join('\n');
}

/** Milliseconds with three significant digits, at most one behind the point. */
export const formatMs = ms => (Number.isFinite(ms) ? ms.toFixed(ms < 99.95 ? 1 : 0) : '-');

/** A ratio with two digits behind the point. */
export const formatRatio = ratio => (Number.isFinite(ratio) ? ratio.toFixed(2) : '-');

/** A difference as a power of ten; 0 for none. */
export const formatDifference = value =>
  value === undefined || value === null ? '-' : value === 0 ? '0' : value.toExponential(0);
