// A trace for a person: one line a hop, the plan beside it where packets went another way, and what is to blame.
import type { Culprit } from "../core/trace/culprit.ts";
import type { DirectionTrace, Verdict } from "../core/trace/trace.ts";
import type { SeenHop } from "../core/trace/seen.ts";
import { columns } from "./columns.ts";
import { wayText } from "./way.ts";

/** Figures of a link for one line: `15.1 ms (14.8 to 17.0)` and `0 %`. */
export interface LinkText {
  readonly delay: string;
  readonly loss: string;
}

/** By tunnel and sending node. */
export type LinkTexts = (tunnel: string, from: string) => LinkText | undefined;

const VERDICTS: Readonly<Record<Verdict, string>> = {
  "as-planned": "as planned",
  partly: "as planned as far as can be seen",
  differs: "DIFFERS from the plan",
  lost: "LOST",
  unknown: "not known",
};

export function traceText(directions: readonly DirectionTrace[], links: LinkTexts): string {
  return [...Map.groupBy(directions, alike).values()]
    .map((group) => {
      const [first] = group;
      const families = group.map(({ family }) => `IPv${family}`).join(", ");
      return directionText(first!, families, links);
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

function directionText(each: DirectionTrace, families: string, links: LinkTexts): string {
  const { from, to, plan, verdict, culprits, hops } = each;
  const planned = plan.tunnels.length === 0 ? "the plan has no path" : wayText(plan.path, plan.tunnels);
  const head = `${from} to ${to}, ${families}: ${VERDICTS[verdict]}\n`;
  const isPlanned = verdict === "as-planned" || verdict === "partly";
  const rows = hops.map((hop, index) => rowOf(hop, index, hops, each, links));
  return [
    head,
    isPlanned ? "" : `  plan  ${planned}\n`,
    isPlanned ? "" : `  seen  ${seenText(hops, each)}\n`,
    columns(rows, "  "),
    ...culprits.map(culpritText),
  ].join("");
}

function rowOf(
  hop: SeenHop,
  index: number,
  hops: readonly SeenHop[],
  { to, verdict }: DirectionTrace,
  links: LinkTexts,
): string[] {
  const { node, tunnel, interface: name, sent, received } = hop;
  const number = String(index + 1);
  const isLast = index === hops.length - 1;
  if (isLast && name === undefined && tunnel === undefined) {
    if (node === to && verdict !== "lost") return [number, node, verdict === "unknown" ? "?" : "arrived"];
    return [number, node, verdict === "lost" ? "lost here" : "?"];
  }
  const link = tunnel === undefined ? undefined : links(tunnel, node);
  const via = tunnel ?? (name === undefined ? "not known which tunnel" : `${name}, no tunnel of the plan`);
  const counted = countText(sent, received);
  return [number, node, via, link?.delay ?? "", link?.loss ?? "", counted].filter(
    (cell, at) => at < 3 || cell !== "",
  );
}

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
