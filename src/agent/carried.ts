// What this machine forwards for others, and what arrives for itself, by the counters of its own firewall; the former also of a
// month, and so kept over restarts, where the file sets a limit.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { Meter, monthOf, type Carried, type MeterState } from "../core/agent/meter.ts";
import type { Forwarded } from "../core/agent/messages.ts";
import { parseCounters } from "../core/counter-listing.ts";
import { MOST_COUNTED, NFT_TABLE } from "../core/node-state.ts";
import type { Host } from "../linux/command.ts";
import { CARRIED } from "../render/agent.ts";
import { arrivedOf, type Ends, type Origins } from "./arrived.ts";

/** With a limit, and without. */
const [LIMIT_MS, LOOK_MS] = [2_000, 10_000];
const ANSWER_MS = 2_000;
const KEEP_MS = 60_000;
const TRANSITS = ["nft", "-j", "list", "set", "inet", NFT_TABLE, "transits"];
const ALL = ["nft", "-j", "list", "table", "inet", NFT_TABLE];

const kept = z.strictObject({
  month: z.string(),
  monthBytes: z.int().min(0),
  counters: z.array(z.tuple([z.string(), z.int().min(0)])),
});

export interface Metering {
  /** Absent: the file sets no limit, and nothing is kept over restarts. */
  readonly onCarried?: (carried: Carried) => void;
  readonly onForwarded: (forwarded: readonly Forwarded[]) => void;
  readonly ends: Ends;
  /** Absent: nobody counts what arrives for this node. */
  readonly origins?: Origins;
}

/** Reads until the returned function ends it, which keeps what there is. */
export async function meter(
  host: Host,
  { onCarried, onForwarded, ends, origins }: Metering,
): Promise<() => Promise<void>> {
  const readMs = onCarried === undefined ? LOOK_MS : LIMIT_MS;
  const argv = origins === undefined ? TRANSITS : ALL;
  const [counting, arriving] = [new Meter(onCarried && (await load())), new Meter()];
  let keptMs = performance.now();
  const read = async (): Promise<void> => {
    // While an apply makes the table anew there may be none.
    const { stdout, code } = await host.run(argv, { anyExit: true, timeoutMs: ANSWER_MS });
    if (code !== 0) return;
    const { sets } = parseCounters(stdout);
    const octets = (...names: readonly string[]): Map<string, number> =>
      new Map(
        names
          .flatMap((name) => sets.get(name) ?? [])
          .map(({ key, bytes }): [string, number] => [key.join(" "), bytes]),
      );
    const [nowMs, month] = [performance.now(), monthOf(new Date())];
    const counters = octets("transits");
    const carried = counting.read(counters, nowMs, month);
    if (counters.size <= MOST_COUNTED) onForwarded(forwardedOf(counting.grown, ends));
    if (origins !== undefined) {
      arriving.read(octets("arrivals4", "arrivals6", "counted"), nowMs, month);
      onForwarded(arrivedOf(arriving.grown, ends, origins));
    }
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
export function forwardedOf(grown: ReadonlyMap<string, number>, ends: Ends): Forwarded[] {
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
