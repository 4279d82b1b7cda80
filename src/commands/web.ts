// `tofro web`: the dashboard of a network with agents, on this machine; what it shows is asked of the controller.
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "@commander-js/extra-typings";
import type { NetworkNow, PairNow } from "../controller/wire.ts";
import { TofroError } from "../core/error.ts";
import { controllerOf } from "../core/spec.ts";
import { planOf } from "../files/network.ts";
import { askAgent } from "../linux/agent.ts";
import { pageFiles } from "../web/page.ts";
import { serveWeb } from "../web/server.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { loadNetwork } from "./load.ts";
import { machineOptions } from "./machines.ts";
import { parsePort } from "./port.ts";
import { reach } from "./reachable.ts";

/** Each question is a program that starts over there. */
const ASK_MS = 2_000;

export const webCommand = (io: Io) =>
  machineOptions(new Command("web"))
    .description("show the network with its agents in a browser on this machine, live, until interrupted")
    .option("--port <number>", "port on 127.0.0.1 (a free one)", parsePort, 0)
    .action(async ({ port, ...options }) => {
      const network = await loadNetwork(options, io);
      const controller = controllerOf(network.spec);
      if (controller === undefined)
        throw new TofroError("Cannot show anything: the network has no controller", { kind: "usage" });
      const machines = await reach(network, planOf(network), options, (node) => node === controller);
      try {
        const host = machines.hosts.get(controller);
        if (host === undefined) {
          const [{ message } = { message: `${controller} is left out by --node` }] = machines.unreachable;
          throw new TofroError(`Cannot ask the controller on ${controller}: ${message}`);
        }
        // Its agent is our own program: its answer is what the types say.
        const ask = async (): Promise<NetworkNow> => (await askAgent(host, { get: "picture" })) as NetworkNow;
        let now = await ask();
        const source = {
          network: () => now,
          pair: async (from: string, to: string) =>
            (await askAgent(host, { get: "pair", from, to }).catch(() => undefined)) as PairNow | undefined,
        };
        const server = await serveWeb(await pageFiles(), source, port);
        io.stdout(`${server.url}\n`);
        try {
          await untilInterrupted("Cannot go on", async (signal) => {
            while (!signal.aborted) {
              await sleep(ASK_MS, undefined, { signal }).catch(() => undefined);
              if (!signal.aborted) now = await ask().catch(() => ({ ...now, isOld: true }));
            }
          });
        } finally {
          await server.stop();
        }
      } finally {
        await machines.close();
      }
    });
