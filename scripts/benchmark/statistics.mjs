/** The middle value, the mean of the two middle ones where there is an even number; NaN of nothing. */
export const median = values => quantile(values, 0.5);

/** The value below which a share of the values lies, linear between neighbours; `values` stay as they are. */
export function quantile(values, share) {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/** Median, quartiles and number of some times in ms. */
export function summarize(times) {
  return {ms: median(times), low: quantile(times, 0.25), high: quantile(times, 0.75), steps: times.length};
}

/** |a - b| over the larger magnitude; Infinity when either is not finite. */
export function relativeDifference(a, b) {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
  const size = Math.max(Math.abs(a), Math.abs(b));
  return size === 0 ? 0 : Math.abs(a - b) / size;
}
