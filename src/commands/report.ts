// `tofro report`: the dashboard's pictures of some time as one file, to keep or to send.
import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { ChangeNow, NetworkNow, PairNow, PairPast } from "../controller/wire.ts";
import { TofroError } from "../core/error.ts";
import { measuredPairs } from "../core/lines.ts";
import { parseDurationMs } from "../core/quantity.ts";
import type { Spec } from "../core/spec.ts";
import { writeAtomic } from "../files/atomic.ts";
import { pageFiles } from "../web/page.ts";
import { reportHtml, type Report, type ReportPair } from "../web/report.ts";
import { withController, type Ask } from "./ask-controller.ts";
import type { Io } from "./io.ts";
import { loadNetwork } from "./load.ts";
import { machineOptions } from "./machines.ts";
import { checkNode } from "./node-argument.ts";

const DAY_MS = 86_400_000;
const LONGEST_MS = 730 * DAY_MS;
/** More would be a book; who wants another one names it. */
const PAIRS = 10;

export const reportCommand = (io: Io) =>
  machineOptions(new Command("report"))
    .description(
      "write the dashboard's pictures of some time into one file: needs agents and their controller",
    )
    .argument("[a]", "a node; else the first measured pairs of the file")
    .argument("[c]", "another")
    .option("--since <time>", "how far back, as in 12h or 7d", since, 7 * DAY_MS)
    .option("-o, --output <file>", "HTML that needs nothing else", "tofro-report.html")
    .addOption(new Option("--language <name>", "of its words").choices(["en", "zh"]).default("en"))
    .option("--json", "{ fromMs, toMs, network, changes, pairs, left } instead of a file")
    .action(async (a, c, { since: forMs, language, output, json, ...options }) => {
      const network = await loadNetwork(options, io);
      const { pairs, left } = pairsOf(network.spec, a, c);
      await withController(network, options, "report anything", async (ask) => {
        const report: Report = { ...(await asked(ask, pairs, forMs)), left };
        if (json === true) return io.stdout(`${JSON.stringify(report, undefined, 2)}\n`);
        const css = (await pageFiles()).get("/page.css")!.text;
        await writeAtomic(output, reportHtml(report, css, language), 0o644);
        io.stdout(`${output}\n`);
      });
    });

type Pair = readonly [string, string];

/** Both directions of a pair are one. */
function pairsOf(spec: Spec, a: string | undefined, c: string | undefined): { pairs: Pair[]; left: number } {
  const names = spec.nodes.map(({ name }) => name);
  if (a !== undefined) {
    if (c === undefined) throw new TofroError(`Cannot report on ${a} alone: name a pair`, { kind: "usage" });
    for (const each of [a, c]) checkNode(names, each);
    if (a === c) throw new TofroError(`Cannot report on a pair: ${a} is one node`, { kind: "usage" });
    return { pairs: [[a, c]], left: 0 };
  }
  const found = new Map<string, Pair>();
  for (const pair of measuredPairs(spec)) {
    const [from, to] = [names[Math.floor(pair / names.length)]!, names[pair % names.length]!];
    const key = [from, to].sort().join(" ");
    if (!found.has(key)) found.set(key, [from, to]);
  }
  const pairs = [...found.values()];
  return { pairs: pairs.slice(0, PAIRS), left: Math.max(0, pairs.length - PAIRS) };
}

async function asked(ask: Ask, pairs: readonly Pair[], forMs: number): Promise<Omit<Report, "left">> {
  const network = (await ask({ get: "picture" })) as NetworkNow;
  const changes = (await ask({ get: "changes" })) as readonly ChangeNow[];
  const told: ReportPair[] = [];
  for (const [from, to] of pairs) {
    const now = (await ask({ get: "pair", from, to })) as PairNow;
    const past = (await ask({ get: "past", from, to, for: String(forMs) })) as PairPast;
    told.push({ from, to, now, past });
  }
  return { fromMs: network.atMs - forMs, toMs: network.atMs, network, changes, pairs: told };
}

function since(text: string): number {
  const days = /^(\d{1,3})d$/.exec(text)?.[1];
  const ms = days === undefined ? parseDurationMs(text) : Number(days) * DAY_MS;
  if (ms !== undefined && ms > 0 && ms <= LONGEST_MS) return ms;
  throw new InvalidArgumentError("write it as in 30m, 12h or 7d; the history is of two years");
}
