// What is kept of a link or a pair in one slot of time: columns of 16 bits each, and how slots become a longer one.
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { DelayBand, LinkPoint, PairPoint } from "./history-types.ts";

/** Not known. */
export const NONE = 0xffff;
const MOST = NONE - 1;
/** Slots of a block: 60 seconds, 60 minutes, 60 hours. */
export const SLOTS = 60;

interface Column {
  /** What a step of 1 stands for. */
  readonly unit: number;
  /** Of several slots. Slots in which it is not known do not count. */
  readonly fold: "least" | "mean" | "most" | "commonest";
}

/** Up to 3.2 s. */
const MS = 0.05;
/** Of 1. */
const SHARE = 1 / 65_000;

const DELAY: readonly Column[] = [
  { unit: MS, fold: "least" },
  { unit: MS, fold: "mean" },
  { unit: MS, fold: "most" },
];
const LOSS: Column = { unit: SHARE, fold: "mean" };

/** In the order of `encodeLink` and `encodePair`. */
export const COLUMNS = {
  link: [...DELAY, { unit: MS, fold: "mean" }, LOSS, { unit: 1, fold: "most" }],
  pair: [...DELAY, LOSS, { unit: 1, fold: "commonest" }, ...DELAY, LOSS],
} as const satisfies Record<string, readonly Column[]>;
export type Kind = keyof typeof COLUMNS;
/** Where a pair's way is: its number. */
export const WAY_COLUMN = 4;

export type LinkFigures = Omit<LinkPoint, "atMs">;
export type PairFigures = Omit<PairPoint, "atMs" | "path">;

export const encodeLink = ({ delayMs, jitterMs, loss, isDown }: LinkFigures): number[] =>
  encode("link", [...band(delayMs), jitterMs, loss, isDown ? 1 : 0]);

/** Its way is not known. */
export const encodePair = ({ delayMs, loss, directDelayMs, directLoss }: PairFigures): number[] =>
  encode("pair", [...band(delayMs), loss, undefined, ...band(directDelayMs), directLoss]);

export function decodeLink(slot: ArrayLike<number>): LinkFigures {
  const [low, typical, high, jitterMs, loss, down] = decode("link", slot);
  return {
    ...present("delayMs", bandOf(low, typical, high)),
    ...present("jitterMs", jitterMs),
    ...present("loss", loss),
    isDown: down === 1,
  };
}

export function decodePair(slot: ArrayLike<number>): PairFigures {
  const [low, typical, high, loss, , directLow, directTypical, directHigh, directLoss] = decode("pair", slot);
  return {
    ...present("delayMs", bandOf(low, typical, high)),
    ...present("loss", loss),
    ...present("directDelayMs", bandOf(directLow, directTypical, directHigh)),
    ...present("directLoss", directLoss),
  };
}

/** One slot of several, which lie one behind the other. */
export function fold(kind: Kind, slots: Uint16Array): Uint16Array {
  const columns = COLUMNS[kind];
  const folded = new Uint16Array(columns.length);
  columns.forEach((column, at) => (folded[at] = foldOf(column.fold, slots, at, columns.length)));
  return folded;
}

/** A month of a link is forty thousand slots: no lists in between. */
function foldOf(how: Column["fold"], slots: Uint16Array, at: number, width: number): number {
  if (how === "commonest") return commonest(slots, at, width);
  let [count, sum, least, most] = [0, 0, NONE, 0];
  for (let place = at; place < slots.length; place += width) {
    const value = slots[place]!;
    if (value === NONE) continue;
    count++;
    sum += value;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (count === 0) return NONE;
  if (how === "mean") return Math.round(sum / count);
  return how === "least" ? least : most;
}

/** Of equals the latest. */
function commonest(slots: Uint16Array, at: number, width: number): number {
  const counts = new Map<number, number>();
  let [best, mostOften] = [NONE, 0];
  for (let place = at; place < slots.length; place += width) {
    const value = slots[place]!;
    if (value === NONE) continue;
    const often = (counts.get(value) ?? 0) + 1;
    counts.set(value, often);
    if (often >= mostOften) [best, mostOften] = [value, often];
  }
  return best;
}

/** A block as it lies on the disk: columns differ little from slot to slot, and then their high octets are all alike. */
export function pack(kind: Kind, block: Uint16Array): Uint8Array {
  const width = COLUMNS[kind].length;
  const bytes = new Uint8Array(2 * block.length);
  let at = 0;
  for (let column = 0; column < width; column++) {
    let before = 0;
    for (let place = column; place < block.length; place += width) {
      const step = (block[place]! - before) & NONE;
      // A step down is as small as one up: 1, -1, 2, -2 …
      const folded = step < 0x8000 ? 2 * step : 2 * (NONE - step) + 1;
      [bytes[at], bytes[block.length + at]] = [folded & 0xff, folded >> 8];
      before = block[place]!;
      at++;
    }
  }
  return deflateRawSync(bytes, { level: 6 });
}

export function unpack(kind: Kind, packed: Uint8Array): Uint16Array {
  const width = COLUMNS[kind].length;
  const bytes = inflateRawSync(packed);
  const block = new Uint16Array(bytes.length / 2);
  let at = 0;
  for (let column = 0; column < width; column++) {
    let before = 0;
    for (let place = column; place < block.length; place += width) {
      const folded = bytes[at]! | (bytes[block.length + at]! << 8);
      before = (before + (folded % 2 === 0 ? folded / 2 : NONE - (folded - 1) / 2)) & NONE;
      block[place] = before;
      at++;
    }
  }
  return block;
}

/** A block in which nothing is known. */
export const emptyBlock = (kind: Kind): Uint16Array =>
  new Uint16Array(SLOTS * COLUMNS[kind].length).fill(NONE);

const band = (delay: DelayBand | undefined): readonly (number | undefined)[] =>
  delay === undefined ? [undefined, undefined, undefined] : [delay.low, delay.typical, delay.high];

const bandOf = (
  low: number | undefined,
  typical: number | undefined,
  high: number | undefined,
): DelayBand | undefined =>
  low === undefined || typical === undefined || high === undefined ? undefined : { low, typical, high };

const present = <Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } =>
  value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value });

const encode = (kind: Kind, values: readonly (number | undefined)[]): number[] =>
  COLUMNS[kind].map(({ unit }, at) => {
    const value = values[at];
    return value === undefined || Number.isNaN(value)
      ? NONE
      : Math.min(MOST, Math.max(0, Math.round(value / unit)));
  });

const decode = (kind: Kind, slot: ArrayLike<number>): (number | undefined)[] =>
  COLUMNS[kind].map(({ unit }, at) => (slot[at] === NONE ? undefined : tidy(slot[at]! * unit)));

/** Without what floating point adds. */
const tidy = (value: number): number => Math.round(value * 1e6) / 1e6;
