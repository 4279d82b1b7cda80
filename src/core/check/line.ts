// Which line of the user's file speaks for an ordered pair of nodes, and whether a packet's path is what the line says.
import type { PathSpec, PinnedPath, Spec } from "../spec.ts";
import { nameOver } from "../tunnels.ts";
import { pathOf } from "./walk.ts";
import type { Walk } from "./walk.ts";

/** The line for a pair; the one with fewer `all` wins, then the one that stands first. */
export type LineFor = (from: string, to: string) => PathSpec | undefined;

export function linesOf(spec: Spec): LineFor {
  const dialled = new Set(spec.nodes.filter(({ endpoint }) => endpoint).map(({ name }) => name));
  const byEnds = Map.groupBy(spec.paths, (line) => key(line.from, line.to));
  const order = new Map(spec.paths.map((line, index) => [line, index]));
  return (from, to) => {
    const named = byEnds.get(key(from, to))?.[0];
    if (named) return named;
    const half = [key(from, "all"), key("all", to)].flatMap((ends) => byEnds.get(ends) ?? []);
    if (half.length > 1) half.sort((a, b) => order.get(a)! - order.get(b)!);
    return [...half, ...(byEnds.get(key("all", "all")) ?? [])].find((line) =>
      canFollow(line, from, to, dialled),
    );
  };
}

/** `all -> b -> c` does not speak for b, which would pass itself, nor for a hop that neither end can dial. */
function canFollow(line: PathSpec, from: string, to: string, dialled: ReadonlySet<string>): boolean {
  if (line.kind === "measured") return true;
  const hops = hopsTo(line, to);
  const names = [from, ...hops.map((hop) => hop.to)];
  const possible = hops.every(
    (hop, index) => nameOver(hop) !== undefined || dialled.has(names[index]!) || dialled.has(hop.to),
  );
  return possible && new Set(names).size === names.length;
}

/** Where the path leaves what the line says, and how; `undefined` when it is as the line says. */
export function deviation(line: PathSpec, walked: Walk): { at: string; why: string } | undefined {
  const { exits, last } = walked;
  const steps = exits.map(({ port }, index) => ({
    from: port.machine.name,
    to: exits[index + 1]?.port.machine.name ?? last.name,
    forwarder: port.forwarder,
    uplink: port.state.peer.uplink,
  }));
  const say = (at: string | undefined, wants: string): { at: string; why: string } => ({
    at: at ?? last.name,
    why: `${wants}, but packets go ${arrows(walked)}`,
  });
  if (line.kind === "pinned") {
    const hops = hopsTo(line, last.name);
    const length = Math.max(hops.length, steps.length);
    const wrong = Array.from({ length }, (_, index) => index).find(
      (index) =>
        hops[index]?.to !== steps[index]?.to ||
        hops[index]?.forwarder !== steps[index]?.forwarder ||
        hops[index]?.uplink !== steps[index]?.uplink,
    );
    return wrong === undefined ? undefined : say(steps[wrong]?.from, `the line says \`${line.text}\``);
  }
  // The limits of an `all` line hold where they can.
  if (line.from === "all" || line.to === "all") return undefined;
  const { avoid, via, maxHops } = line;
  for (const [index, { from, to, forwarder, uplink }] of steps.entries()) {
    if (uplink !== undefined && avoid.includes(uplink)) return say(from, `the line avoids ${uplink}`);
    for (const name of [index < steps.length - 1 ? to : undefined, forwarder]) {
      if (name === undefined) continue;
      if (avoid.includes(name)) return say(from, `the line avoids ${name}`);
      if (via && !via.includes(name))
        return say(from, `the line goes via ${via.join(", ") || "nobody"} only`);
    }
  }
  if (maxHops === undefined || steps.length <= maxHops) return undefined;
  return say(steps[maxHops]?.from, `the line has at most ${maxHops} hops`);
}

/** `a -> b -[f]-> c` of a walked path. */
export function arrows(walked: Walk): string {
  const [first, ...rest] = pathOf(walked);
  const hops = rest.map((name, index) => {
    const port = walked.exits[index]?.port;
    const over = port && nameOver(port.state.peer);
    return `${over === undefined ? "->" : `-[${over}]->`} ${name}`;
  });
  return [first, ...hops].join(" ");
}

const hopsTo = (line: PinnedPath, to: string): PinnedPath["hops"] =>
  line.to === "all" ? line.hops.map((hop) => (hop.to === "all" ? { ...hop, to } : hop)) : line.hops;

const key = (from: string, to: string): string => `${from} ${to}`;
