// What the underlay does to one direction: delay, jitter, loss and rate, read from and written as text with units.

import { parseDurationMs, parseRateBps, rateText } from "../core/quantity.ts";

export interface Impairment {
  readonly delayMs: number;
  /** The delay varies evenly by up to this much either way; below zero counts as zero. */
  readonly jitterMs: number;
  readonly lossPercent: number;
  /** Bits a second; 0: no limit. */
  readonly rateBps: number;
}

export const NONE: Impairment = { delayMs: 0, jitterMs: 0, lossPercent: 0, rateBps: 0 };

/** The keys of the lab file and of `tofro lab set`. */
export const IMPAIRMENT_KEYS = ["delay", "jitter", "loss", "rate"] as const;
export type ImpairmentKey = (typeof IMPAIRMENT_KEYS)[number];

export const isImpairmentKey = (key: string): key is ImpairmentKey =>
  IMPAIRMENT_KEYS.some((each) => each === key);

export const isNone = (impairment: Impairment): boolean =>
  Object.values(impairment).every((value) => value === 0);

export const LARGEST_DELAY_MS = 60_000;
const LARGEST_RATE_BPS = 100e9;

/** Reads the value of one key; a text instead of numbers says what it must be ("… must be TEXT"). */
export function parseImpairment(key: ImpairmentKey, text: string): Partial<Impairment> | string {
  if (key === "delay" || key === "jitter") {
    const ms = parseDurationMs(text);
    if (ms === undefined || ms > LARGEST_DELAY_MS) return "a time of at most 60s, such as `30ms` or `1.5s`";
    return key === "delay" ? { delayMs: ms } : { jitterMs: ms };
  }
  if (key === "loss") {
    const match = /^(\d+(?:\.\d+)?)%$/.exec(text);
    const percent = text === "0" ? 0 : Number(match?.[1] ?? NaN);
    return percent <= 100 ? { lossPercent: percent } : "a share of the packets from `0%` to `100%`";
  }
  if (text === "none") return { rateBps: 0 };
  const rateBps = parseRateBps(text) ?? NaN;
  if (rateBps >= 8000 && rateBps <= LARGEST_RATE_BPS) return { rateBps };
  return "a rate of at least 8kbit, such as `512kbit`, `20mbit` or `1gbit`, or `none`";
}

/** `delay 55ms, jitter 8ms, loss 2%`, or `unimpaired`. */
export function describe(impairment: Impairment): string {
  const parts = [
    impairment.delayMs > 0 && `delay ${impairment.delayMs}ms`,
    impairment.jitterMs > 0 && `jitter ${impairment.jitterMs}ms`,
    impairment.lossPercent > 0 && `loss ${impairment.lossPercent}%`,
    impairment.rateBps > 0 && `rate ${rateText(impairment.rateBps)}`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? "unimpaired" : parts.join(", ");
}
