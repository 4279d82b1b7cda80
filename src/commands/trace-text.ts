// A trace for a person: one line a hop, the plan beside it where packets went another way, and what is to blame.
import type { Culprit } from "../core/trace/scene.ts";
import type { DirectionTrace, Verdict } from "../core/trace/trace.ts";
import type { SeenHop } from "../core/trace/seen.ts";
import { columns } from "./columns.ts";
import { intervalText, percent } from "./measure-text.ts";
import { linkOf, wholeOf, type TraceFigures } from "./trace-figures.ts";
import type { TraceReport } from "./trace.ts";
import { wayText } from "./way.ts";

const VERDICTS: Readonly<Record<Verdict, string>> = {
  "as-planned": "as planned",
  partly: "as planned as far as can be seen",
  differs: "DIFFERS from the plan",
  lost: "LOST",
  unknown: "not known",
};

export function traceText({ directions, figures }: TraceReport): string {
  return [...Map.groupBy(directions, alike).values()]
    .map((group) => {
      const [first] = group;
      const families = group.map(({ family }) => `IPv${family}`).join(", ");
      return directionText(first!, families, figures);
    })
    .join("\n");
}

/** Both families that did the same are told once. */
const alike = ({ from, to, plan, hops, verdict, culprits }: DirectionTrace): string =>
  JSON.stringify([
    from,
    to,
    plan.tunnels,
    hops.map(({ node, tunnel, interface: name }) => [node, tunnel, name]),
    verdict,
    culprits.map(({ code, node }) => [code, node]),
  ]);

function directionText(each: DirectionTrace, families: string, figures: TraceFigures): string {
  const { from, to, plan, verdict, culprits, hops } = each;
  const planned = plan.tunnels.length === 0 ? "the plan has no path" : wayText(plan.path, plan.tunnels);
  const head = `${from} to ${to}, ${families}: ${VERDICTS[verdict]}\n`;
  const isPlanned = verdict === "as-planned" || verdict === "partly";
  const rows = hops.map((hop, index) => rowOf(hop, index, each, figures));
  return [
    head,
    isPlanned ? "" : `  plan  ${planned}\n`,
    isPlanned ? "" : `  seen  ${seenText(hops, each)}\n`,
    columns(rows, "  "),
    ...culprits.map(culpritText),
  ].join("");
}

function rowOf(hop: SeenHop, index: number, direction: DirectionTrace, figures: TraceFigures): string[] {
  const { node, tunnel, interface: name, sent, received } = hop;
  const start = [String(index + 1), node];
  if (index === direction.hops.length - 1 && name === undefined && tunnel === undefined)
    return [...start, ...endOf(node, direction, figures)];
  const via = tunnel ?? (name === undefined ? "tunnel not known" : `${name}, no tunnel of the plan`);
  return [...start, via, ...figuresText(linkOf(hop, figures)), countText(sent, received)];
}

function endOf(node: string, direction: DirectionTrace, figures: TraceFigures): string[] {
  const { verdict, to, hops } = direction;
  if (verdict === "unknown") return ["?"];
  if (verdict === "lost") return [node === to ? "lost at the end" : "lost here"];
  // Of a single hop it would say the same again.
  const whole = hops.length > 2 ? wholeOf(direction, figures) : undefined;
  return ["arrived", ...(whole === undefined ? [] : figuresText(whole))];
}

const figuresText = (figures: ReturnType<typeof linkOf>): [string, string] =>
  figures === undefined ? ["", ""] : [intervalText(figures.delay), `${percent(figures.loss)} loss`];

const countText = (sent: number | undefined, received: number | undefined): string => {
  if (sent === undefined) return received === undefined ? "" : `${received} came`;
  return received === undefined ? `${sent} sent` : `${received} of ${sent} came`;
};

function seenText(hops: readonly SeenHop[], { verdict, to }: DirectionTrace): string {
  const nodes = hops.map(({ node }) => node);
  const tunnels = hops.map(({ tunnel = "" }) => tunnel);
  const lost = verdict === "lost" && (nodes.at(-1) !== to || tunnels.at(-1) !== "") ? " -> lost" : "";
  return `${wayText(nodes, tunnels)}${lost}`;
}

const culpritText = ({ code, node, message, evidence }: Culprit): string =>
  [`  likely: ${node}: ${message} [${code}]`, ...evidence.map((line) => `    ${line}`), ""].join("\n");
