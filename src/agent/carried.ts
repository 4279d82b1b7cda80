// What this machine forwards for others, by the counters of its own firewall; of a month, and so kept over restarts, where the
// file sets a limit.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { Meter, monthOf, type Carried, type MeterState } from "../core/agent/meter.ts";
import type { Forwarded } from "../core/agent/messages.ts";
import { parseCounters } from "../core/counter-listing.ts";
import { NFT_TABLE } from "../core/node-state.ts";
import type { Host } from "../linux/command.ts";
import { CARRIED } from "../render/agent.ts";
import type { ProbedEnd } from "./pins.ts";

/** With a limit, and without. */
const [LIMIT_MS, LOOK_MS] = [2_000, 10_000];
const ANSWER_MS = 2_000;
const KEEP_MS = 60_000;
const ARGV = ["nft", "-j", "list", "set", "inet", NFT_TABLE, "transits"];

const kept = z.strictObject({
  month: z.string(),
  monthBytes: z.int().min(0),
  counters: z.array(z.tuple([z.string(), z.int().min(0)])),
});

/** More take their time to be listed and read: the agent has better things to do than to count for the history. */
export const MOST_COUNTED = 2_000;

export interface Metering {
  /** Absent: the file sets no limit, and nothing is kept over restarts. */
  readonly onCarried?: (carried: Carried) => void;
  readonly onForwarded: (forwarded: readonly Forwarded[]) => void;
  readonly ends: readonly Pick<ProbedEnd, "interface" | "incoming">[];
}

/** Reads until the returned function ends it, which keeps what there is. */
export async function meter(
  host: Host,
  { onCarried, onForwarded, ends }: Metering,
): Promise<() => Promise<void>> {
  const readMs = onCarried === undefined ? LOOK_MS : LIMIT_MS;
  const counting = new Meter(onCarried && (await load()));
  let keptMs = performance.now();
  const read = async (): Promise<void> => {
    // While an apply makes the table anew there may be none.
    const { stdout, code } = await host.run(ARGV, { anyExit: true, timeoutMs: ANSWER_MS });
    if (code !== 0) return;
    const elements = parseCounters(stdout).sets.get("transits") ?? [];
    const counters = new Map(elements.map(({ key, bytes }) => [key.join(" "), bytes]));
    const nowMs = performance.now();
    const carried = counting.read(counters, nowMs, monthOf(new Date()));
    if (counters.size <= MOST_COUNTED) onForwarded(forwardedOf(counting.grown, ends));
    if (onCarried === undefined) return;
    onCarried(carried);
    if (nowMs - keptMs < KEEP_MS) return;
    keptMs = nowMs;
    await save(counting.state);
  };
  let reading: Promise<void> = read().catch(() => undefined);
  const timer = setInterval(() => {
    reading = reading.then(read).catch(() => undefined);
  }, readMs);
  return async () => {
    clearInterval(timer);
    await reading;
    if (onCarried !== undefined) await save(counting.state).catch(() => undefined);
  };
}

/** By link; what came by an interface that is gone, or left by one, is nobody's. */
export function forwardedOf(grown: ReadonlyMap<string, number>, ends: Metering["ends"]): Forwarded[] {
  const incoming = new Map(ends.map((end) => [end.interface, end.incoming]));
  return Array.from(grown, ([key, octets]): Forwarded[] => {
    const [came, went] = key.split(" ").map((name) => incoming.get(name));
    return came === undefined || went === undefined ? [] : [[came, went ^ 1, octets]];
  }).flat();
}

async function load(): Promise<MeterState | undefined> {
  try {
    const { counters, ...rest } = kept.parse(JSON.parse(await readFile(CARRIED, "utf8")));
    return { ...rest, counters: new Map(counters) };
  } catch {
    // None, or not what an agent writes: it counts from here on.
    return undefined;
  }
}

async function save(state: MeterState | undefined): Promise<void> {
  if (state === undefined) return;
  await mkdir(dirname(CARRIED), { recursive: true, mode: 0o700 });
  await writeFile(`${CARRIED}.new`, `${JSON.stringify({ ...state, counters: [...state.counters] })}\n`);
  await rename(`${CARRIED}.new`, CARRIED);
}
