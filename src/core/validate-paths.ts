// Path lines against the nodes: ends, hops that a tunnel can carry, options that apply, backups that fit.
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import { endOf } from "./draft.ts";
import type { Draft, DraftHop, DraftLine, DraftNode, DraftPath } from "./draft.ts";
import type { Located } from "./spec.ts";
import { canDial, uplinkNames } from "./uplinks.ts";
import type { Names } from "./validate-names.ts";

/** True when all lines could be read and nothing is wrong with them. */
export function validatePaths(draft: Draft, names: Names, found: Diagnostics): boolean {
  const before = found.count;
  const lines = new Lines(names, found);
  for (const path of draft.paths) {
    const { line, backup } = path;
    if (line) {
      lines.check(line);
      if (line.kind === "pinned") rejectOptions(path, found);
      else checkMeasured(path, line, names, found);
      if (backup.kind === "path" && backup.line && fits(line, backup.line, found)) lines.check(backup.line);
    }
  }
  return found.count === before && draft.paths.every((path) => path.line !== undefined);
}

/** Checks lines hop by hop and remembers what one line alone cannot know. */
class Lines {
  readonly #names: Names;
  readonly #found: Diagnostics;
  readonly #undialable = new Set<string>();
  readonly #tunnelOver = new Map<string, { readonly pair: string; readonly line: number }>();

  constructor(names: Names, found: Diagnostics) {
    this.#names = names;
    this.#found = found;
  }

  check(line: DraftLine): void {
    const stops = [line.from, ...line.hops.map((hop) => hop.to)];
    const nodes = stops.map((stop, index) => this.#stop(stop, index === 0 || index === stops.length - 1));
    const seen = new Set<string>();
    for (const stop of stops) {
      if (stop.value !== "all" && seen.has(stop.value)) return this.#repeated(line, stop);
      seen.add(stop.value);
    }
    if (line.kind === "measured") return;
    for (const [index, hop] of line.hops.entries()) {
      const [from, to] = [nodes[index], nodes[index + 1]];
      if (hop.over) this.#over(hop, hop.over, stops[index]!, from, to);
      else if (from && to && !from.dialable && !to.dialable) this.#cannotDial(from, to, hop);
    }
  }

  /** The node at a stop; `undefined` for `all` and for names that nobody has. */
  #stop(stop: Located<string>, isEnd: boolean): DraftNode | undefined {
    return stop.value === "all" && isEnd ? undefined : this.#names.node(stop);
  }

  #repeated(line: DraftLine, stop: Located<string>): void {
    if (line.hops.length === 1) {
      this.#found.error(
        "same-ends",
        stop.at,
        `the path leads from ${quote(stop.value)} to itself`,
        "name two different nodes",
      );
    } else {
      this.#found.error(
        "visits-twice",
        stop.at,
        `the path visits ${quote(stop.value)} twice`,
        "a path visits every node at most once",
      );
    }
  }

  #cannotDial(from: DraftNode, to: DraftNode, hop: DraftHop): void {
    const pair = [from.name, to.name].sort().join(" ");
    if (this.#undialable.has(pair)) return;
    this.#undialable.add(pair);
    const message = `neither ${quote(from.name)} nor ${quote(to.name)} has an endpoint, so neither can dial the other`;
    const uplink = [from, to].flatMap(({ uplinks = [] }) => uplinks).find(({ endpoint }) => endpoint);
    const other =
      uplink && `name the uplink that can be dialled: \`${from.name} -[${uplink.name}]-> ${to.name}\``;
    const hint =
      other ??
      `give one of them an \`endpoint:\`, or go through a node that has one: \`${from.name} -> … -> ${to.name}\``;
    this.#found.error("undialable-hop", hop.to.at, message, hint);
  }

  #overUplink(name: Located<string>, from: DraftNode, to: DraftNode): void {
    if (!uplinkNames(from, to).includes(name.value)) {
      const message = `neither ${quote(from.name)} nor ${quote(to.name)} has an uplink ${quote(name.value)}`;
      const hint = "the uplink in an arrow is one of the two nodes beside it";
      this.#found.error("uplink-elsewhere", name.at, message, hint);
      return;
    }
    // One that could not be read has been reported.
    const isUnread = [from, to].some((node) => node.dialable && node.endpoint === undefined);
    if (isUnread || canDial(from, to, name.value)) return;
    const message = `neither ${quote(from.name)} nor ${quote(to.name)} can be dialled for a tunnel over ${quote(name.value)}`;
    const hint =
      "give the uplink an `endpoint:`, or the node at the other end, where it has no uplink of that name";
    this.#found.error("undialable-hop", name.at, message, hint);
  }

  #over(
    hop: DraftHop,
    name: Located<string>,
    start: Located<string>,
    from?: DraftNode,
    to?: DraftNode,
  ): void {
    const forwarder = this.#names.over(name);
    if (forwarder === undefined) return;
    if (start.value === "all" || hop.to.value === "all") {
      const hint = `name both nodes: \`a -[${name.value}]-> b\``;
      const [code, what] =
        forwarder === "uplink"
          ? ["uplink-with-all", "is an uplink of some nodes"]
          : ["forwarder-with-all", "carries one tunnel"];
      this.#found.error(code, name.at, `${quote(name.value)} ${what} and cannot serve \`all\``, hint);
      return;
    }
    if (forwarder === "uplink") return from && to && this.#overUplink(name, from, to);
    const target = forwarder.to?.value;
    if (!from || !to || target === undefined || !this.#names.nodes.has(target)) return;
    if (target !== from.name && target !== to.name) {
      const message = `${quote(name.value)} forwards to ${quote(target)}, not between ${quote(from.name)} and ${quote(to.name)}`;
      this.#found.error(
        "forwarder-elsewhere",
        name.at,
        message,
        `one end of this hop must be ${quote(target)}`,
      );
      return;
    }
    const on = forwarder.on?.value;
    if (on !== undefined && on !== target && (on === from.name || on === to.name)) {
      const message = `${quote(name.value)} is on ${quote(on)}, an end of this hop`;
      const hint = `write the hop without it, \`${from.name} -> ${to.name}\`, or let a third node forward`;
      this.#found.error("forwarder-on-end", name.at, message, hint);
      return;
    }
    const pair = [from.name, to.name].sort().map(quote).join(" and ");
    const first = this.#tunnelOver.get(name.value);
    if (first === undefined) this.#tunnelOver.set(name.value, { pair, line: name.at.line });
    else if (first.pair !== pair) {
      const message = `${quote(name.value)} carries the tunnel between ${first.pair} already, on line ${first.line}`;
      this.#found.error(
        "forwarder-two-tunnels",
        name.at,
        message,
        on === undefined
          ? "one listen port is one tunnel: rent another port"
          : `one forwarder is one tunnel: add another that is on ${quote(on)}`,
      );
    }
  }
}

function rejectOptions(path: DraftPath, found: Diagnostics): void {
  for (const [key, option] of [
    ["avoid", path.avoid],
    ["via", path.via],
    ["max_hops", path.maxHops],
  ] as const) {
    if (option === undefined) continue;
    const hint = "it belongs to a measured path, `a => b`; a pinned line says its hops itself";
    found.error("option-on-pinned", option.at, `\`${key}\` does not apply to a pinned path`, hint);
  }
}

function checkMeasured(path: DraftPath, line: DraftLine, names: Names, found: Diagnostics): void {
  const ends = [line.from.value, endOf(line).value];
  const avoided = new Set(path.avoid?.names.map((name) => name.value));
  for (const [key, option] of [
    ["avoid", path.avoid],
    ["via", path.via],
  ] as const) {
    for (const name of option?.names ?? []) {
      if (name.value !== "all" && ends.includes(name.value)) {
        const message = `\`${key}\` names ${quote(name.value)}, an end of the path`;
        found.error("option-names-end", name.at, message, "name nodes and forwarders that stand in between");
      } else if (!(key === "avoid" ? names.any(name) : names.between(name))) continue;
      else if (key === "via" && avoided.has(name.value)) {
        found.error(
          "avoid-and-via",
          name.at,
          `\`via\` and \`avoid\` both name ${quote(name.value)}`,
          "keep one of them",
        );
      }
    }
  }
  const [from, to] = ends.map((end) => names.nodes.get(end));
  if (!from || !to || from === to || isDialable(from) || isDialable(to)) return;
  const between = path.via
    ? path.via.names.map((name) => names.nodes.get(name.value))
    : [...names.nodes.values()];
  const possible =
    path.maxHops?.value !== 1 && between.some((node) => node && isDialable(node) && !avoided.has(node.name));
  if (possible) return;
  const message = `no path from ${quote(from.name)} to ${quote(to.name)} is possible: neither has an endpoint, and no node in between may be used that has one`;
  found.error(
    "no-candidate",
    line.at,
    message,
    "give one node an `endpoint:`, or loosen `avoid`, `via` or `max_hops`",
  );
}

/** Whether some tunnel to it can be dialled. */
const isDialable = ({ dialable, uplinks = [] }: DraftNode): boolean =>
  dialable || uplinks.some(({ endpoint }) => endpoint);

/** Whether a backup could stand in for its path: pinned, the same ends, another way. */
function fits(line: DraftLine, backup: DraftLine, found: Diagnostics): boolean {
  const [from, to] = [line.from.value, endOf(line).value];
  const say = (message: string, hint: string): false => {
    found.error("bad-backup", backup.at, message, hint);
    return false;
  };
  if (backup.kind === "measured")
    return say("a backup is a pinned line", `write \`backup: "${from} -> … -> ${to}"\` or \`backup: none\``);
  if (from === "all" || to === "all")
    return say(
      "a path with `all` has no pinned backup",
      "write `backup: none`, or a line of its own for the pair",
    );
  if (backup.twoWay !== line.twoWay) {
    return say(
      "path and backup are not both for one direction",
      "write each direction as an entry of its own, with its own backup",
    );
  }
  if (backup.from.value !== from || endOf(backup).value !== to)
    return say("the backup has other ends than the path", `lead it from \`${from}\` to \`${to}\``);
  if (line.kind === "pinned" && wayOf(line) === wayOf(backup))
    return say("the backup is the path itself", "lead it another way, or remove it");
  return true;
}

const wayOf = (line: DraftLine): string =>
  JSON.stringify(line.hops.map((hop) => [hop.to.value, hop.over?.value]));
