// `simulate --web`: the simulation at wall speed, or a multiple of it, with its dashboard, until interrupted.
import { once } from "node:events";
import { changesOf } from "../controller/changes.ts";
import { pastOf } from "../controller/past.ts";
import { Picture } from "../controller/picture.ts";
import type { Plan } from "../core/plan.ts";
import { controllerOf } from "../core/spec.ts";
import type { Simulation } from "../simulate/simulation.ts";
import { supposing } from "../controller/supposing.ts";
import type { Control } from "../web/control.ts";
import { pageFiles } from "../web/page.ts";
import { serveWeb } from "../web/server.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { simulatedHistory } from "./simulated-history.ts";

const STEP_MS = 50;
/** A machine that is too slow for the speed falls behind instead of catching up for ever. */
const LONGEST_STEP_MS = 200;

export interface WebOptions {
  readonly port: number;
  readonly speed: number;
  readonly control?: Control;
}

export async function simulateWeb(
  plan: Plan,
  simulation: Simulation,
  { port, speed, control }: WebOptions,
  io: Io,
): Promise<void> {
  const picture = new Picture(plan.topology.tunnels, simulation.links, simulation.network);
  const tunnels = plan.topology.tunnels.map(({ id }) => id);
  const seat = controllerOf(plan.spec) ?? "";
  const history = await simulatedHistory(plan, simulation);
  simulation.decided = (decisions) => {
    picture.decided(decisions, simulation.nowMs);
    history?.decided(decisions);
  };
  const { controller } = simulation;
  const server = await serveWeb(
    await pageFiles(),
    {
      network: () => controller && picture.network(controller, simulation.nowMs, simulation.nowMs, true),
      pair: (from, to) => controller && picture.pair(controller, from, to, simulation.nowMs),
      past: (from, to, forMs) =>
        // There is nothing before its beginning.
        history && pastOf(history.reader, from, to, Math.min(forMs, simulation.nowMs + 1), simulation.nowMs),
      changes: () => history && changesOf(history.reader),
      suppose: (what) => {
        const { links, network, nowMs } = simulation;
        return controller && supposing({ links, network, tunnels, seat }, controller, what, nowMs);
      },
      ...(control && { control }),
    },
    port,
  );
  io.stdout(`${server.url}\n`);
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    simulation.timeline.runUntil(simulation.nowMs + Math.min(nowMs - lastMs, LONGEST_STEP_MS) * speed);
    lastMs = nowMs;
  }, STEP_MS);
  try {
    await untilInterrupted("Cannot go on simulating", (signal) => once(signal, "abort"));
  } finally {
    clearInterval(timer);
    await server.stop();
  }
}
