// `tofro web`: the dashboard of a network with agents, on this machine; what it shows is asked of the controller.
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "@commander-js/extra-typings";
import type { ChangeNow, NetworkNow, PairNow, PairPast, SupposedNow } from "../controller/wire.ts";
import { planOf } from "../files/network.ts";
import { pageFiles } from "../web/page.ts";
import { serveWeb, type Source } from "../web/server.ts";
import { changingLab } from "./allow-changes.ts";
import { withController, type Ask } from "./ask-controller.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { loadNetwork } from "./load.ts";
import { machineOptions } from "./machines.ts";
import { parsePort } from "./port.ts";
import { labUnderlay, underlayControl } from "./underlay-control.ts";

/** Each question is a program that starts over there. */
const ASK_MS = 2_000;

export const webCommand = (io: Io) =>
  machineOptions(new Command("web"))
    .description("show the network with its agents in a browser on this machine, live, until interrupted")
    .option("--port <number>", "port on 127.0.0.1 (a free one)", parsePort, 0)
    .option("--allow-changes", "with --lab: the page may change delay and loss of the lab's links")
    .action(async ({ port, ...options }) => {
      const lab = changingLab(options);
      const network = await loadNetwork(options, io);
      const control =
        lab === undefined ? undefined : underlayControl(planOf(network).topology, labUnderlay(lab));
      await withController(network, options, "show anything", async (ask) => {
        const picture = async (): Promise<NetworkNow> => (await ask({ get: "picture" })) as NetworkNow;
        let now = await picture();
        const server = await serveWeb(
          await pageFiles(),
          { ...sourceOf(ask, () => now), ...(control && { control }) },
          port,
        );
        io.stdout(`${server.url}\n`);
        try {
          await untilInterrupted("Cannot go on", async (signal) => {
            while (!signal.aborted) {
              await sleep(ASK_MS, undefined, { signal }).catch(() => undefined);
              if (!signal.aborted) now = await picture().catch(() => ({ ...now, isOld: true }));
            }
          });
        } finally {
          await server.stop();
        }
      });
    });

function sourceOf(ask: Ask, network: Source["network"]): Source {
  const askIfThere: Ask = (request) => ask(request).catch(() => undefined);
  return {
    network,
    pair: async (from, to) => (await askIfThere({ get: "pair", from, to })) as PairNow | undefined,
    past: async (from, to, forMs) =>
      (await askIfThere({ get: "past", from, to, for: String(forMs) })) as PairPast | undefined,
    changes: async () => (await askIfThere({ get: "changes" })) as readonly ChangeNow[] | undefined,
    suppose: async (what) => (await askIfThere({ get: "suppose", what })) as SupposedNow | undefined,
  };
}
