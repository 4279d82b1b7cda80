// Times, rates and sizes as texts with units, in the network file, the lab file and on the command line: read and written.

const MILLISECONDS = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const BITS_PER_SECOND = { kbit: 1e3, mbit: 1e6, gbit: 1e9 } as const;
const BYTES = { MB: 1e6, GB: 1e9, TB: 1e12 } as const;

/** `30ms`, `1.5s`, `250us`, `2m`, `1h` or `0`, in milliseconds. */
export const parseDurationMs = (text: string): number | undefined =>
  text === "0" ? 0 : parse(text, MILLISECONDS);

/** `512kbit`, `20mbit` or `1.5gbit`, in bits a second; decimal, as providers and tc count. */
export const parseRateBps = (text: string): number | undefined => parse(text, BITS_PER_SECOND);

/** `500MB`, `1.5TB`, in bytes; decimal, as providers count. */
export const parseBytes = (text: string): number | undefined => parse(text, BYTES);

export const durationText = (ms: number): string => write(ms, MILLISECONDS);
export const rateText = (bps: number): string => write(bps, BITS_PER_SECOND);
export const bytesText = (bytes: number): string => write(bytes, BYTES);

type Units = Readonly<Record<string, number>>;

function parse(text: string, units: Units): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,15})?)([A-Za-z]+)$/.exec(text);
  // Own keys only: `1constructor` is no unit.
  const size = match && Object.hasOwn(units, match[2]!) ? units[match[2]!] : undefined;
  // Digits beyond 12 are of the multiplication (0.1 * 3), not of the text.
  return size === undefined ? undefined : Number((Number(match![1]) * size).toPrecision(12));
}

/** With the largest unit of which there is at least one; minutes and hours only when they come out even: `90s`, not `1.5m`. */
function write(value: number, units: Units): string {
  const bySize = Object.entries(units).sort(([, a], [, b]) => b - a);
  const fits = ([name, size]: readonly [string, number]): boolean =>
    value >= size && ((name !== "m" && name !== "h") || value % size === 0);
  const [unit, size] = bySize.find(fits) ?? bySize.at(-1)!;
  return `${Number((value / size).toPrecision(12))}${unit}`;
}
