// Figures as people read them; a delay always with the bounds that it lies in.
import type { Interval, LinkNow } from "../src/controller/wire.ts";
import { localText } from "./scale.ts";
import { word } from "./words.ts";

export const percent = (share: number | undefined): string =>
  share === undefined ? word("unknown") : `${(100 * share).toFixed(1)} %`;
export const ms = (value: number | undefined): string =>
  value === undefined ? word("unknown") : `${value.toFixed(1)} ms`;
export const signedMs = (value: number | undefined): string =>
  value === undefined ? word("unknown") : `${value < 0 ? "−" : "+"}${ms(Math.abs(value))}`;
export const delayText = (delay: Interval | undefined): string =>
  delay === undefined
    ? word("unknown")
    : `${ms(delay.typicalMs)} (${delay.lowMs.toFixed(1)} – ${delay.highMs.toFixed(1)})`;
/** `[x]` between two nodes is what the hop runs over. */
export const pathText = (path: readonly string[]): string =>
  path.join(" → ").replaceAll("→ [", "→[").replaceAll("] →", "]→") || word("none");

const OCTETS = ["B", "kB", "MB", "GB", "TB", "PB"];
/** In powers of a thousand. */
export function octetsText(octets: number): string {
  const power = Math.min(OCTETS.length - 1, Math.floor(Math.log10(Math.max(1, octets)) / 3));
  return `${(octets / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${OCTETS[power]!}`;
}

/** A simulation counts from its beginning. */
export const timeText = (atMs: number, isSimulated: boolean): string =>
  isSimulated ? `${(atMs / 1000).toFixed(1)} s` : localText(atMs);

/** The colour of a link. */
export function grade({ isDown, delay, loss }: LinkNow): "good" | "fair" | "poor" | "down" | "unknown" {
  if (isDown) return "down";
  if (delay === undefined || loss === undefined) return "unknown";
  if (loss < 0.01 && delay.typicalMs < 50) return "good";
  return loss < 0.05 && delay.typicalMs < 150 ? "fair" : "poor";
}
