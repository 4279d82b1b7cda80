// `tofro capture`: what passes one node, each direction on its own; the proof that a transit carries one of them only.
import { Command, Option } from "@commander-js/extra-typings";
import { parseCapture, type Captured, type CapturedFlow } from "../core/capture/capture.ts";
import { TofroError } from "../core/error.ts";
import type { Plan } from "../core/plan.ts";
import { planOf } from "../files/network.ts";
import { capture } from "../linux/capture.ts";
import { bytesText } from "./bytes.ts";
import { columns } from "./columns.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { loadNetwork, networkOptions } from "./load.ts";
import { machinesOf } from "./machines.ts";
import { seconds } from "./measure.ts";
import { checkNode } from "./node-argument.ts";

export const captureCommand = (io: Io) =>
  networkOptions(new Command("capture"))
    .description(
      "count what passes a node, each direction on its own; exit 3 when the plan has some of it elsewhere",
    )
    .argument("<node>", "where to count")
    .option("--path <pair>", "only this pair of nodes, such as 'a -> c', and its opposite")
    .addOption(
      new Option("--for <time>", "how long, such as 10s; Ctrl-C ends it before")
        .default(10, "10s")
        .argParser(seconds),
    )
    .option("--json", "{ node, seconds, flows, tunnels, overflow }")
    .action(async (node, options) => {
      const network = await loadNetwork(options, io);
      const plan = planOf(network);
      const names = plan.states.map((each) => each.node);
      checkNode(names, node);
      const only = options.path === undefined ? undefined : pairOf(plan, options.path);
      const machines = await machinesOf(network, plan.states, { ...options, node: [node] });
      try {
        const state = plan.states.find((each) => each.node === node)!;
        const host = await machines.host(node);
        io.stderr(`counting at ${node} for ${options.for} s ...\n`);
        const begun = performance.now();
        const listing = await untilInterrupted("Counted less", (signal) =>
          capture(host, state, options.for, signal),
        );
        const took = Math.min(options.for, Math.round((performance.now() - begun) / 100) / 10);
        const captured = parseCapture(listing, plan, state, only);
        if (options.json === true)
          io.stdout(`${JSON.stringify({ node, seconds: took, ...captured }, undefined, 2)}\n`);
        else io.stdout(captureText(node, took, captured));
        if (captured.flows.some(isAstray)) io.exit(3);
      } finally {
        await machines.close();
      }
    });

/** `a -> c`, or a whole path line of which the ends count. */
function pairOf(plan: Plan, text: string): [string, string] {
  const names = text.split(/\s*-(?:\[[^\]]*\]-)?>\s*/).map((each) => each.trim());
  const [from, to] = [names[0]!, names.at(-1)!];
  if (names.length < 2 || from === to)
    throw new TofroError(`--path names two nodes, such as 'a -> c', not "${text}"`, { kind: "usage" });
  for (const each of names)
    checkNode(
      plan.states.map(({ node }) => node),
      each,
    );
  return [from, to];
}

const isAstray = ({ planned, packets }: CapturedFlow): boolean => packets > 0 && !planned;

function captureText(node: string, took: number, { flows, tunnels, overflow }: Captured): string {
  const rows = flows.map((flow) => [
    `${flow.from} -> ${flow.to}`,
    String(flow.packets),
    bytesText(flow.bytes),
    flow.by ?? "-",
    flow.out ?? "-",
    remark(flow, node),
  ]);
  const wireguard = tunnels.flatMap(({ tunnel, peer, received, sent }) =>
    (
      [
        [`${peer} -> ${node}`, received],
        [`${node} -> ${peer}`, sent],
      ] as const
    ).map(([way, { handshakes, keepalives, data }], index) => [
      index === 0 ? tunnel : "",
      way,
      ...[handshakes, keepalives, data].map(({ packets }) => String(packets)),
    ]),
  );
  return [
    `${node}, ${took} s\n\n`,
    columns([["overlay", "packets", "bytes", "came by", "left by", ""], ...rows], ""),
    overflow ? "more addresses than there are counters: some packets are not in these figures\n" : "",
    "\n",
    columns([["WireGuard", "", "handshakes", "keepalives", "data"], ...wireguard]),
  ].join("");
}

function remark(flow: CapturedFlow, node: string): string {
  if (isAstray(flow)) return "NOT in the plan";
  if (flow.packets === 0) return flow.planned ? "nothing seen" : `as planned: not by ${node}`;
  return flow.place === "passed" ? "" : flow.place === "sent" ? `from ${node} itself` : `for ${node} itself`;
}
