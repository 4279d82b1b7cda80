// A picture of a plan as Graphviz DOT: nodes, forwarders, every direction that the file names, and the idle tunnels.
import { directions, type Direction, type Plan } from "../core/plan.ts";
import type { Forwarder, Node, Tunnel } from "../core/topology.ts";
import { attributes, escapeHtml, font, quoted, type Attributes } from "./dot-text.ts";
import { colourOf, idleTunnels, legend, wayText } from "./graph-legend.ts";
import { hostPort } from "./wireguard.ts";

export interface GraphOptions {
  /** Above so many named directions only the tunnels are drawn. */
  readonly mostDirections?: number;
}

/** Graphviz engines: layers from left to right, or the places on a circle that the text itself gives. */
export type Engine = "dot" | "nop";

const MOST_DIRECTIONS = 12;
/** Points. */
const BOX_WIDTH = 140;
const INK = "#222222";
const FAINT = "#8a8a8a";
/** One that Graphviz knows the widths of: it lays text out without a font at hand. */
const FONT = "Arial";

/** The DOT text of a plan; the same plan gives the same bytes. It holds no keys. */
export function dot(plan: Plan, options: GraphOptions = {}): string {
  const named = namedDirections(plan, options);
  const order = orderOf(plan, named ?? []);
  const lines = [
    graphAttributes(plan, named),
    `node${attributes({ fontname: FONT, fontsize: 11, fontcolor: INK, color: INK, style: "filled,rounded", fillcolor: "#f6f6f6", shape: "box", margin: "0.2,0.09" })};`,
    `edge${attributes({ fontname: FONT, fontsize: 10, arrowsize: 0.8 })};`,
    ...stations(plan).map((each, index, all) => {
      const place = named === undefined ? { pos: onCircle(index, all.length) } : {};
      return `${quoted(each.name)}${attributes({ ...each.attributes, ...place })};`;
    }),
    ...(named ?? []).flatMap((direction, index) => arrows(plan, direction, index, order)),
    ...idleTunnels(plan, named ?? []).flatMap((tunnel) => plainLines(tunnel, order, named === undefined)),
  ];
  return `digraph tofro {\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
}

/** Graphviz writes the one font that it was told; a viewer without it gets the next best. */
export const withFallbackFonts = (svg: string): string =>
  svg.replaceAll(`font-family="${FONT}"`, `font-family="${FONT},Helvetica,sans-serif"`);

/** The engine that lays the picture out best. */
export const engineFor = (plan: Plan, options: GraphOptions = {}): Engine =>
  namedDirections(plan, options) === undefined ? "nop" : "dot";

interface Station {
  readonly name: string;
  readonly attributes: Attributes;
}

function stations(plan: Plan): Station[] {
  const { nodes, forwarders } = plan.topology;
  return [
    ...nodes.map((node) => ({ name: node.name, attributes: nodeAttributes(plan, node) })),
    ...forwarders.map((each) => ({ name: each.name, attributes: forwarderAttributes(each) })),
  ];
}

/** Points from the middle, clockwise from the top, far enough apart for a box. */
function onCircle(index: number, count: number): string {
  const radius = Math.max(180, (count * BOX_WIDTH) / (2 * Math.PI));
  const angle = (2 * Math.PI * index) / count;
  return `${(radius * Math.sin(angle)).toFixed(1)},${(radius * Math.cos(angle)).toFixed(1)}`;
}

/** Undefined: too many to tell apart. */
function namedDirections(plan: Plan, options: GraphOptions): Direction[] | undefined {
  if (plan.routing.lines.size > (options.mostDirections ?? MOST_DIRECTIONS)) return undefined;
  return [...directions(plan)]
    .filter((direction) => direction.line !== undefined)
    .sort((x, y) => plan.spec.paths.indexOf(x.line!) - plan.spec.paths.indexOf(y.line!));
}

/** Layers follow the lines of the file: what a line names first stands further left. */
function orderOf(plan: Plan, named: readonly Direction[]): Map<string, number> {
  const names = [
    ...named.flatMap((direction) => hopsOf(plan, direction).flatMap((hop) => [hop.from, hop.to])),
    ...plan.topology.nodes.map((node) => node.name),
    ...plan.topology.forwarders.map((forwarder) => forwarder.name),
  ];
  return new Map([...new Set(names)].map((name, index) => [name, index]));
}

/** One arrow of the picture; a tunnel over a forwarder is two. */
interface Hop {
  readonly from: string;
  readonly to: string;
}

function hopsOf(plan: Plan, direction: Direction): Hop[] {
  return direction.tunnels.flatMap((id, index): Hop[] => {
    const [from, to] = [direction.path[index]!, direction.path[index + 1]!];
    const forwarder = plan.topology.tunnels.find((tunnel) => tunnel.id === id)?.forwarder;
    if (forwarder === undefined) return [{ from, to }];
    return [
      { from, to: forwarder },
      { from: forwarder, to },
    ];
  });
}

function arrows(
  plan: Plan,
  direction: Direction,
  index: number,
  order: ReadonlyMap<string, number>,
): string[] {
  const colour = colourOf(index);
  const style = direction.line?.kind === "measured" ? "dashed" : "solid";
  return hopsOf(plan, direction).map(({ from, to }) => {
    const label = { html: ` ${font(String(index + 1), { color: colour })} ` };
    const look = {
      color: colour,
      penwidth: 2,
      style,
      label,
      tooltip: `${index + 1}: ${wayText(plan, direction)}`,
    };
    return edge(from, to, order, { forward: look, back: { ...look, dir: "back" } });
  });
}

function plainLines(tunnel: Tunnel, order: ReadonlyMap<string, number>, crowded: boolean): string[] {
  const [a, b] = tunnel.ends;
  const stops = [a.node, ...(tunnel.forwarder === undefined ? [] : [tunnel.forwarder]), b.node];
  const ends = crowded
    ? { dir: "none" }
    : { dir: "both", arrowhead: "vee", arrowtail: "vee", arrowsize: 0.5 };
  const look = { color: FAINT, penwidth: 0.8, ...ends };
  return stops.slice(1).map((stop, index) => edge(stops[index]!, stop, order, { forward: look, back: look }));
}

/** Written along the order of layers, whichever way it points, so that a way back does not turn the layers round. */
function edge(
  from: string,
  to: string,
  order: ReadonlyMap<string, number>,
  looks: Readonly<Record<"forward" | "back", Attributes>>,
): string {
  const along = order.get(from)! < order.get(to)!;
  const [left, right] = along ? [from, to] : [to, from];
  return `${quoted(left)} -> ${quoted(right)}${attributes(along ? looks.forward : looks.back)};`;
}

function nodeAttributes(plan: Plan, node: Node): Attributes {
  const state = plan.states.find((each) => each.node === node.name);
  const transit = (state?.firewall.transits.length ?? 0) > 0;
  const small = { "point-size": 9, color: "#555555" };
  const rows = [
    `<b>${escapeHtml(node.name)}</b>`,
    escapeHtml(node.addresses.join(", ")),
    font(node.endpoint === undefined ? "behind NAT" : `at ${node.endpoint}`, small),
    ...node.prefixes.map((prefix) => font(`has ${prefix} behind it`, small)),
    ...(transit ? [font("transit: sees plaintext", { "point-size": 9, color: "#994400" })] : []),
  ];
  const look = transit ? { fillcolor: "#fff1e0", color: "#994400" } : {};
  return { label: { html: rows.join("<br/>") }, ...look };
}

function forwarderAttributes({ name, listen, on, to, toPort }: Forwarder): Attributes {
  const small = { "point-size": 9, color: "#555555" };
  const rows = [
    `<b>${escapeHtml(name)}</b>`,
    escapeHtml(hostPort(listen)),
    font(`UDP to ${toPort === undefined ? to : `${to} port ${toPort}`}`, small),
    font(`forwarder${on === undefined ? "" : ` on ${on}`}: holds no key`, small),
  ];
  const look = {
    shape: "octagon",
    style: "filled,dashed",
    fillcolor: "#ffffff",
    color: "#555555",
    margin: "0.05,0.02",
  };
  return { label: { html: rows.join("<br/>") }, ...look };
}

function graphAttributes(plan: Plan, named: readonly Direction[] | undefined): string {
  const caption = legend(plan, named);
  return `graph${attributes({
    bgcolor: "white",
    pad: 0.25,
    rankdir: "LR",
    nodesep: 0.5,
    ranksep: 0.9,
    fontname: FONT,
    fontsize: 10,
    fontcolor: INK,
    labelloc: "b",
    label: { html: caption },
    ...(named === undefined ? { layout: "nop", splines: "line", outputorder: "edgesfirst" } : {}),
  })};`;
}
