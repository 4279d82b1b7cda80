// Amounts of bytes for a person.

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** `8.4 kB`; three digits at most, in thousands. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[unit]}`;
}
