/** A number as a reader wants it: three significant digits, no exponent, thousands set apart. */
export function formatNumber(value: number | null): string {
  if (value === null) return '–';
  const size = Math.abs(value);
  if (size >= 1000) return formatCount(Math.round(value));
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(size >= 1 ? 2 : 3);
}

/** A whole number, thousands set apart. */
export function formatCount(value: number): string {
  return value.toLocaleString('en-GB').replace(/,/g, '\u202f');
}

/** Seconds as `48 s` or `3 min 20 s`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 100) return seconds < 9.95 ? `${seconds.toFixed(1)} s` : `${whole} s`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
