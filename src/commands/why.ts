// `tofro why`: which way a pair takes, which others there were, and why this one won. Asked of the agent that runs the controller.
import { Command } from "@commander-js/extra-typings";
import { z } from "zod";
import { TofroError } from "../core/error.ts";
import { controllerOf } from "../core/spec.ts";
import { planOf } from "../files/network.ts";
import { askAgent } from "../linux/agent.ts";
import { columns } from "./columns.ts";
import type { Io } from "./io.ts";
import { loadNetwork } from "./load.ts";
import { machineOptions } from "./machines.ts";
import { checkNode } from "./node-argument.ts";
import { reach } from "./reachable.ts";
import { toldText } from "./way.ts";

/** Differences to the way that is taken: exact, whatever the clocks. */
const way = z.object({
  path: z.array(z.string()),
  moreCostMs: z.number().optional(),
  moreDelayMs: z.number().optional(),
  jitterMs: z.number().optional(),
  loss: z.number().optional(),
});
type Way = z.infer<typeof way>;

const decision = z.object({
  at: z.iso.datetime(),
  reason: z.enum(["gain", "failed", "recovered", "limit", "along"]),
  was: way,
  is: way,
  candidates: z.array(way),
});
type Decision = z.infer<typeof decision>;

const closed = z.object({ node: z.string(), why: z.enum(["rate", "month"]), isNeeded: z.boolean() });

const answer = z.object({
  from: z.string(),
  to: z.string(),
  way: z.array(z.string()),
  candidates: z.array(way),
  /** Relays that have carried as much as they may. */
  closed: z.array(closed),
  decisions: z.array(decision),
});
type Answer = z.infer<typeof answer>;

const REASONS: Readonly<Record<Decision["reason"], string>> = {
  gain: "it was better for long enough",
  failed: "a link of the way before was down",
  recovered: "there was no way, or the pinned path is back",
  limit: "the way before passed where it may not any more",
  along: "a node further on had moved",
};
const LIMITS = { rate: "more than its rate of late", month: "its amount of this month" } as const;
const SHOWN = 10;

export const whyCommand = (io: Io) =>
  machineOptions(new Command("why"))
    .description(
      "say which way a pair takes, which others there are, and why: needs agents and their controller",
    )
    .argument("<a>", "a node")
    .argument("<c>", "another")
    .option("--at <time>", "what was decided last before this time, as in 2026-11-27T08:00:00Z", time)
    .option("--json", "{ from, to, way, candidates, closed, decisions }")
    .action(async (a, c, options) => {
      const network = await loadNetwork(options, io);
      const plan = planOf(network);
      for (const each of [a, c])
        checkNode(
          plan.topology.nodes.map(({ name }) => name),
          each,
        );
      const controller = controllerOf(network.spec);
      if (a === c || controller === undefined) {
        const why = a === c ? `${a} is one node` : "the network has no controller";
        throw new TofroError(`Cannot say why: ${why}`, { kind: "usage" });
      }
      const machines = await reach(network, plan, options, (node) => node === controller);
      try {
        const host = machines.hosts.get(controller);
        if (host === undefined) {
          const [{ message } = { message: `${controller} is left out by --node` }] = machines.unreachable;
          throw new TofroError(`Cannot ask the controller on ${controller}: ${message}`);
        }
        const said = answer.parse(
          await askAgent(host, {
            get: "why",
            from: a,
            to: c,
            ...(options.at !== undefined && { at: new Date(options.at).toISOString() }),
          }),
        );
        const told = options.at === undefined ? said : before(said, options.at);
        io.stdout(options.json === true ? `${JSON.stringify(told, undefined, 2)}\n` : whyText(told));
      } finally {
        await machines.close();
      }
    });

function time(text: string): number {
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return at;
  throw new TofroError(`"${text}" is no time: write it as in 2026-11-27T08:00:00Z`, { kind: "usage" });
}

/** As it was: the decision that was in force, with its candidates then. */
function before(said: Answer, atMs: number): Answer {
  const decisions = said.decisions.filter(({ at }) => Date.parse(at) <= atMs);
  const [last] = decisions;
  if (last === undefined) {
    throw new TofroError("Cannot say why: nothing is known of a decision before that time");
  }
  return { ...said, way: last.is.path, candidates: last.candidates, closed: [], decisions };
}

function whyText({ from, to, way: taken, candidates, closed: relays, decisions }: Answer): string {
  const head = taken.length === 0 ? `${from} => ${to}: no way\n` : `${from} => ${to}: ${toldText(taken)}\n`;
  const rows = candidates.map((each) => [
    each.path.join() === taken.join() ? "*" : "",
    toldText(each.path),
    ...figures(each),
  ]);
  const table =
    rows.length === 0
      ? "  no figures: its ways are down, or not measured yet\n"
      : columns([["", "way", "cost", "delay", "jitter", "loss"], ...rows], "  ");
  const shut = relays.map(({ node, why, isNeeded }) => {
    const so = isNeeded ? "used as long as there is no other way" : "kept free";
    return `  ${node} has carried ${LIMITS[why]}: ${so}\n`;
  });
  const told = decisions.slice(0, SHOWN).map(({ at, reason, was, is }) => {
    const gain = was.moreCostMs === undefined ? "" : `, ${was.moreCostMs.toFixed(1)} ms cheaper`;
    return `  ${at}  ${toldText(is.path) || "no way"}: ${REASONS[reason]}${gain}\n`;
  });
  return `${head}\n${table}${shut.join("")}${told.length === 0 ? "" : `\nchanges, the latest first\n${told.join("")}`}`;
}

function figures({ moreCostMs, moreDelayMs, jitterMs, loss }: Way): string[] {
  if (moreCostMs === undefined || moreDelayMs === undefined || jitterMs === undefined || loss === undefined)
    return ["not known", "", "", ""];
  const more = (ms: number): string => `${ms < 0 ? "-" : "+"}${Math.abs(ms).toFixed(1)} ms`;
  return [more(moreCostMs), more(moreDelayMs), `${jitterMs.toFixed(1)} ms`, `${(100 * loss).toFixed(1)} %`];
}
