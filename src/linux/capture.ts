// Counts on one machine for some time, and takes its counters away again.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { TofroError } from "../core/error.ts";
import type { NodeState } from "../core/node-state.ts";
import { sectionsOf } from "../core/sections.ts";
import { armCaptureScript, collectCaptureScript } from "../render/capture-scripts.ts";
import type { Host } from "./command.ts";

/** Behind its end, until the counters go by themselves. */
const SPARE_S = 15;

/** What `nft -j list table` prints of the counters; an aborted capture tells what it has until then. */
export async function capture(
  host: Host,
  state: NodeState,
  seconds: number,
  signal: AbortSignal,
): Promise<string> {
  const token = randomBytes(6).toString("hex");
  const job = { token, state, timeoutS: Math.ceil(seconds) + SPARE_S };
  const armed = await shell(host, armCaptureScript(job));
  const watcher = Number(armed.get("watcher")?.trim());
  if (!(watcher > 0))
    throw new TofroError(`Cannot count packets on ${host.name}: nft did not take the counters`);
  await sleep(seconds * 1000, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  const collected = await shell(host, collectCaptureScript(job, watcher));
  const counted = collected.get("counted")?.trim() ?? "";
  if (counted === "" || !collected.has("end"))
    throw new TofroError(`Cannot read the counters on ${host.name}: they are gone`);
  return counted;
}

async function shell(host: Host, input: string): Promise<Map<string, string>> {
  const { stdout } = await host.run(["sh", "-s"], { input, timeoutMs: 60_000 });
  return sectionsOf(stdout);
}
