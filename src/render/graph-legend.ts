// What stands under a plan's picture: the numbers and colours of its arrows, and what the other lines mean.
import type { Direction, Plan } from "../core/plan.ts";
import type { Tunnel } from "../core/topology.ts";
import { nameOver } from "../core/tunnels.ts";
import { font } from "./dot-text.ts";

/** From Paul Tol's schemes for colour-blind readers, without the colours too pale for a thin line on white. */
const COLOURS = ["#332288", "#cc3311", "#117733", "#aa4499", "#997700", "#0077bb", "#882255", "#44aa99"];

/** The tunnels that no drawn direction uses. */
export function idleTunnels(plan: Plan, named: readonly Direction[]): Tunnel[] {
  const used = new Set(named.flatMap((direction) => direction.tunnels));
  return plan.topology.tunnels.filter((tunnel) => !used.has(tunnel.id));
}

/** An HTML-like table under the picture: each number with the way it takes, then what the other lines mean. */
export function legend(plan: Plan, named: readonly Direction[] | undefined): string {
  const rows = (named ?? []).map((direction, index) => {
    const colour = colourOf(index);
    return `<tr><td align="right">${font(`${index + 1}`, { color: colour })}</td><td align="left">${font(wayText(plan, direction), { color: colour })}</td></tr>`;
  });
  const notes = notesOf(plan, named).map(
    (note) => `<tr><td></td><td align="left">${font(note, { color: "#555555", "point-size": 9 })}</td></tr>`,
  );
  return `<table border="0" cellborder="0" cellspacing="0" cellpadding="2"><tr><td></td></tr>${[...rows, ...notes].join("")}</table>`;
}

function notesOf(plan: Plan, named: readonly Direction[] | undefined): string[] {
  if (named === undefined) {
    const { size } = plan.routing.lines;
    return [`${size} named directions are too many to draw: the lines are tunnels, two-way.`];
  }
  return [
    ...(named.some((direction) => direction.line?.kind === "measured")
      ? ["Dashed: chosen by measurement; drawn as it goes without measurements."]
      : []),
    ...(idleTunnels(plan, named).length > 0 ? ["Thin and grey: a tunnel that no line uses, two-way."] : []),
  ];
}

/** `a -> b -[f]-> c`, and the line of the file where that does not say it. */
export function wayText(plan: Plan, direction: Direction): string {
  const arrowsAndNodes = direction.tunnels.map((id, index) => {
    const over = nameOver(plan.topology.tunnels.find((tunnel) => tunnel.id === id) ?? {});
    return `${over === undefined ? "->" : `-[${over}]->`} ${direction.path[index + 1]}`;
  });
  const way = [direction.from, ...arrowsAndNodes].join(" ");
  const line = direction.line?.text;
  return line === undefined || compact(line) === compact(way) ? way : `${way}   (${line})`;
}

const compact = (text: string): string => text.replaceAll(/\s+/g, "");

export const colourOf = (index: number): string => COLOURS[index % COLOURS.length]!;
