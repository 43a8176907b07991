/** '96.8 %' of 0.968; a dash for a value that was not measured. */
export function percent(share: number | undefined | null): string {
  return isNumber(share) ? `${(share * 100).toFixed(1)} %` : '–';
}

/** A number with three significant digits, or four: '0.0134', '1.50', '9,998'. */
export function short(value: number | undefined | null): string {
  if (!isNumber(value)) return '–';
  const digits = Math.abs(value) >= 1000 ? 4 : 3;
  return value.toLocaleString('en', {minimumSignificantDigits: digits, maximumSignificantDigits: digits});
}

/** '39 s', '2:21 min', '1:05 h'. */
export function duration(seconds: number | undefined | null): string {
  if (!isNumber(seconds)) return '–';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  const pad = (n: number) => String(n).padStart(2, '0');
  if (minutes < 60) return `${minutes}:${pad(whole % 60)} min`;
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)} h`;
}

/** 'a', 'a and b', 'a, b and c'. */
export function listing(parts: string[]): string {
  return parts.length < 2
    ? parts.join('')
    : `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}`;
}

/** The first letter large, as a sentence begins. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function isNumber(value: number | undefined | null): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
