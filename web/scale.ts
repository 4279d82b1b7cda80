// From figures to places, with round numbers beside them.

/** The smallest of 1, 2, 2.5 and 5 times a power of ten that is not less. */
export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-6)));
  return power * ([1, 2, 2.5, 5].find((each) => each * power >= value * (1 - 1e-9)) ?? 10);
}

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const STEPS = [1, 2, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200].map(
  (seconds) => seconds * SECOND,
);

/** At most `most` round moments between two, ms. By local time where a day is worth telling, which `offsetMs` is ahead of UTC. */
export function moments(fromMs: number, toMs: number, most: number, offsetMs: number): number[] {
  const span = toMs - fromMs;
  const step = STEPS.find((each) => span / each <= most) ?? DAY * Math.ceil(span / DAY / most);
  const first = Math.ceil((fromMs + offsetMs) / step) * step - offsetMs;
  const found: number[] = [];
  for (let at = first; at <= toMs; at += step) found.push(at);
  return found;
}

/** As short as tells one from the next. */
export function momentText(atMs: number, spanMs: number, isSimulated: boolean): string {
  if (isSimulated) return `${(atMs / SECOND).toFixed(0)} s`;
  const text = localText(atMs);
  return spanMs > 2 * DAY ? text.slice(5, 10) : spanMs > HOUR / 4 ? text.slice(11, 16) : text.slice(11);
}

/** As in 2026-11-27 20:30:00, by the reader's clock. */
export const localText = (atMs: number): string => new Date(atMs).toLocaleString("sv");
