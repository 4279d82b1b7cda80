// The history of a simulation: what a controller writes to its disk, in memory.
import { layoutOf, Figures } from "../controller/history-figures.ts";
import { openInMemory } from "../controller/history-file.ts";
import { StoredHistory } from "../controller/history-reader.ts";
import { Sampler } from "../controller/history-sample.ts";
import { HistoryStore } from "../controller/history-store.ts";
import { loadSqlite } from "../controller/history-thread.ts";
import type { HistoryReader } from "../controller/history-types.ts";
import { LinkChanges } from "../controller/link-changes.ts";
import { recordsOf } from "../controller/records.ts";
import type { Decision } from "../core/choose/decision.ts";
import { measuredPairs } from "../core/lines.ts";
import type { Plan } from "../core/plan.ts";
import type { Simulation } from "../simulate/simulation.ts";

const SAMPLE_MS = 1_000;
const LOOK_MS = 50;

export interface SimulatedHistory {
  readonly reader: HistoryReader;
  readonly decided: (decisions: readonly Decision[]) => void;
}

/** Samples every simulated second from now on. Undefined: this Node.js has no SQLite. */
export async function simulatedHistory(
  { spec, topology }: Plan,
  simulation: Simulation,
): Promise<SimulatedHistory | undefined> {
  const sqlite = await loadSqlite();
  if (sqlite === undefined) return undefined;
  const { links, network } = simulation;
  const tunnels = topology.tunnels.map(({ id }) => id);
  const sampler = new Sampler({ links, network, tunnels, measured: measuredPairs(spec) });
  const figures = new Figures(sampler.sampled);
  const db = openInMemory(sqlite);
  const store = new HistoryStore(db, layoutOf(sampler.sampled));
  simulation.timeline.every(SAMPLE_MS, () => {
    const { controller, nowMs } = simulation;
    const snapshot = controller && sampler.sample(controller, nowMs, nowMs);
    if (snapshot !== undefined) store.write({ sample: figures.of(snapshot), decisions: [], changes: [] });
  });
  const linkChanges = new LinkChanges(links, tunnels);
  simulation.timeline.every(LOOK_MS, () => {
    const { controller, nowMs } = simulation;
    if (controller === undefined) return;
    const { died, back } = linkChanges.look(controller.down(), nowMs);
    if (died.length + back.length > 0) store.write({ decisions: [], changes: [...died, ...back] });
  });
  return {
    reader: new StoredHistory(db),
    decided: (decisions) =>
      store.write({ decisions: recordsOf(links, decisions, simulation.nowMs), changes: [] }),
  };
}
