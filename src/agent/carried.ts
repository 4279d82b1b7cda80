// What this machine forwards for others, by the counters of its own firewall; of a month, and so kept over restarts.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { Meter, monthOf, type Carried, type MeterState } from "../core/agent/meter.ts";
import { parseCounters } from "../core/counter-listing.ts";
import { NFT_TABLE } from "../core/node-state.ts";
import type { Host } from "../linux/command.ts";
import { CARRIED } from "../render/agent.ts";

const READ_MS = 2_000;
const KEEP_MS = 60_000;
const ARGV = ["nft", "-j", "list", "set", "inet", NFT_TABLE, "transits"];

const kept = z.strictObject({
  month: z.string(),
  monthBytes: z.int().min(0),
  counters: z.array(z.tuple([z.string(), z.int().min(0)])),
});

/** Reads until the returned function ends it, which keeps what there is. */
export async function meter(host: Host, onCarried: (carried: Carried) => void): Promise<() => Promise<void>> {
  const counting = new Meter(await load());
  let keptMs = performance.now();
  const read = async (): Promise<void> => {
    // While an apply makes the table anew there may be none.
    const { stdout, code } = await host.run(ARGV, { anyExit: true, timeoutMs: READ_MS });
    if (code !== 0) return;
    const elements = parseCounters(stdout).sets.get("transits") ?? [];
    const counters = new Map(elements.map(({ key, bytes }) => [key.join(" "), bytes]));
    const nowMs = performance.now();
    onCarried(counting.read(counters, nowMs, monthOf(new Date())));
    if (nowMs - keptMs < KEEP_MS) return;
    keptMs = nowMs;
    await save(counting.state);
  };
  let reading: Promise<void> = read().catch(() => undefined);
  const timer = setInterval(() => {
    reading = reading.then(read).catch(() => undefined);
  }, READ_MS);
  return async () => {
    clearInterval(timer);
    await reading.then(() => save(counting.state)).catch(() => undefined);
  };
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
