// Around links that are down: which of a node's ways move, and to which neighbour, without waiting for anybody.
//
// A neighbour is unaffected when the way that packets take from it on, as everybody forwards now, uses no link that is down and
// does not come back. No node on such a way moves, so whoever else has moved already, or has not yet, no packet goes in a circle:
// the loop-free condition of RFC 5286 with the way itself in place of distances, for any node and not only the one at the link.
// Nor does the way pass a node that was not heard when this was chosen: it may forward by another choice.
import { isLimited, type LinkIndex, type Routing } from "../route.ts";
import { trafficOf, type Exceptions, type Traffic } from "../traffic.ts";

/** What every node does with a packet under one routing. */
export interface Forwarding {
  readonly routing: Routing;
  readonly traffic: Traffic;
  /** By node, the links that it sends. */
  readonly leaving: readonly (readonly LinkIndex[])[];
  /** By destination, the sources whose packets go elsewhere than those of a node that they pass: they may be forwarded unlike others. */
  readonly special: ReadonlyMap<number, ReadonlySet<number>>;
}

/** A way of the node's own that moves: to a destination, by this link. */
export interface Repair {
  readonly to: number;
  readonly link: LinkIndex;
}

/** What a node forwards by a rule, and moves. */
export interface RuleRepair extends Repair {
  readonly enter: LinkIndex;
  readonly source: number;
}

const OWN = -1;
/** A source whose packets no rule forwards otherwise. */
const ANYBODY = -1;

export function forwardingOf(routing: Routing): Forwarding {
  const traffic = trafficOf(routing);
  const leaving: LinkIndex[][] = Array.from({ length: routing.nodes }, () => []);
  for (let link = 0; link < routing.links; link++) leaving[routing.sender(link)]!.push(link);
  const special = new Map<number, Set<number>>();
  const add = (source: number, to: number): void =>
    void special.set(to, (special.get(to) ?? new Set()).add(source));
  for (const bySource of traffic.exceptions.values())
    for (const [source, ways] of bySource) for (const to of ways.keys()) add(source, to);
  forEachStranger(routing, add);
  return { routing, traffic, leaving, special };
}

/** With `isolate`: pairs that pass a node which has no way of its own to where they go. */
function forEachStranger(routing: Routing, visit: (source: number, to: number) => void): void {
  const { nodes, firstLink, sender } = routing;
  const all = Array.from({ length: nodes }, (_, node) => node);
  for (const to of all) {
    const without = new Set(all.filter((node) => node !== to && firstLink(node, to) === -1));
    if (without.size === 0) continue;
    for (const source of all)
      if (source !== to)
        routing.walk(source, to, (link) => {
          if (without.has(sender(link))) visit(source, to);
        });
  }
}

/** The link by which a node forwards a packet that entered by `enter` (`-1`: its own), -1 for none. */
export function nextLink(
  { routing, traffic }: Forwarding,
  node: number,
  enter: LinkIndex,
  source: number,
  to: number,
): LinkIndex {
  const except = enter === OWN ? undefined : traffic.exceptions.get(enter)?.get(source)?.get(to);
  return except ?? traffic.own[node * routing.nodes + to]!;
}

/**
 * The destinations of a node whose way uses a link that is down and that have an unaffected neighbour: the one whose way
 * `costMs` likes best (the sum over its links; the fewest hops when left out). Only of the node's table main.
 */
export function repair(
  forwarding: Forwarding,
  node: number,
  down: ReadonlySet<LinkIndex>,
  costMs: (link: LinkIndex) => number = () => 1,
): Repair[] {
  if (down.size === 0) return [];
  const repairs: Repair[] = [];
  for (let to = 0; to < forwarding.routing.nodes; to++) {
    const link = repairTo(forwarding, node, to, down, costMs);
    if (link !== undefined) repairs.push({ to, link });
  }
  return repairs;
}

/** The same for one destination: the link that its packets take instead; undefined when they stay. */
export function repairTo(
  forwarding: Forwarding,
  node: number,
  to: number,
  down: ReadonlySet<LinkIndex>,
  costMs: (link: LinkIndex) => number = () => 1,
): LinkIndex | undefined {
  const { routing, traffic, leaving, special } = forwarding;
  if (down.size === 0 || to === node || traffic.own[node * routing.nodes + to] === -1) return undefined;
  if (!isAffected(forwarding, node, to, down)) return undefined;
  const line = routing.lines.get(node * routing.nodes + to);
  if (line?.backup.kind === "none") return undefined;
  const sources = [...new Set([node, ANYBODY, ...(special.get(to) ?? [])])];
  const moving = new Map<number, boolean>();
  const moves = (each: number): boolean => {
    const known = moving.get(each) ?? mayMove(forwarding, each, to, down);
    moving.set(each, known);
    return known;
  };
  let best: { readonly link: LinkIndex; readonly costMs: number } | undefined;
  for (const link of leaving[node]!) {
    if (down.has(link)) continue;
    const peer = routing.sender(link ^ 1);
    const wayOf = (source: number): LinkIndex[] | undefined =>
      peer === to ? [] : wayFrom(forwarding, peer, link ^ 1, source, to, down, moves);
    const own = wayOf(node);
    if (own === undefined || sources.some((source) => source !== node && wayOf(source) === undefined))
      continue;
    const whole = [link, ...own].reduce((sum, each) => sum + costMs(each), 0);
    if (best === undefined || whole < best.costMs) best = { link, costMs: whole };
  }
  return best?.link;
}

/**
 * The same of packets that a node forwards by a rule. Not of pairs that their line limits: what lies outside is not let in
 * by others, and what lies inside the controller knows.
 */
export function repairRules(
  forwarding: Forwarding,
  node: number,
  down: ReadonlySet<LinkIndex>,
): RuleRepair[] {
  if (down.size === 0) return [];
  const { routing, traffic } = forwarding;
  const repairs: RuleRepair[] = [];
  for (const [enter, bySource] of traffic.exceptions) {
    if (routing.sender(enter) !== node) continue;
    for (const [source, ways] of bySource) {
      for (const to of ways.keys()) {
        const link = repairRule(forwarding, enter, source, to, down);
        if (link !== undefined) repairs.push({ enter, source, to, link });
      }
    }
  }
  return repairs;
}

/** The same for one rule, of the node that packets enter by `enter`: the link that they take instead; undefined when they stay. */
export function repairRule(
  forwarding: Forwarding,
  enter: LinkIndex,
  source: number,
  to: number,
  down: ReadonlySet<LinkIndex>,
): LinkIndex | undefined {
  if (down.size === 0) return undefined;
  const { routing, leaving } = forwarding;
  const node = routing.sender(enter);
  const line = routing.lines.get(source * routing.nodes + to);
  if (line?.backup.kind === "none" || (line?.kind === "measured" && isLimited(line))) return undefined;
  if (wayFrom(forwarding, node, enter, source, to, down, () => false) !== undefined) return undefined;
  const moves = (each: number): boolean => mayMove(forwarding, each, to, down);
  let best: { readonly link: LinkIndex; readonly hops: number } | undefined;
  for (const link of leaving[node]!) {
    if (down.has(link)) continue;
    const peer = routing.sender(link ^ 1);
    const way = peer === to ? [] : wayFrom(forwarding, peer, link ^ 1, source, to, down, moves);
    if (way !== undefined && (best === undefined || way.length < best.hops))
      best = { link, hops: way.length };
  }
  return best?.link;
}

/** Rules as they are with these repairs. */
export function withRepairs(exceptions: Exceptions, repairs: readonly RuleRepair[]): Exceptions {
  const moved = new Map(repairs.map(({ enter, source, to, link }) => [`${enter} ${source} ${to}`, link]));
  const map = <Key, From, To>(from: ReadonlyMap<Key, From>, each: (value: From, key: Key) => To) =>
    new Map(Array.from(from, ([key, value]) => [key, each(value, key)] as const));
  return map(exceptions, (bySource, enter) =>
    map(bySource, (ways, source) => map(ways, (link, to) => moved.get(`${enter} ${source} ${to}`) ?? link)),
  );
}

/** Whether a node's own packets, or those it forwards by its own route, meet a link that is down. */
const isAffected = (
  forwarding: Forwarding,
  node: number,
  to: number,
  down: ReadonlySet<LinkIndex>,
): boolean =>
  [node, ANYBODY].some(
    (source) => wayFrom(forwarding, node, OWN, source, to, down, () => false) === undefined,
  );

/** Whether a node may send packets to a destination elsewhere than the choice says: around what is down, or by another choice. */
const mayMove = (forwarding: Forwarding, node: number, to: number, down: ReadonlySet<LinkIndex>): boolean =>
  forwarding.routing.isDeaf[node]! || isAffected(forwarding, node, to, down);

/** The links from a node to a destination; undefined when one is down, when they come by an avoided node, or lead nowhere. */
function wayFrom(
  forwarding: Forwarding,
  node: number,
  enter: LinkIndex,
  source: number,
  to: number,
  down: ReadonlySet<LinkIndex>,
  avoids: (node: number) => boolean,
): LinkIndex[] | undefined {
  const { routing } = forwarding;
  const links: LinkIndex[] = [];
  let [at, by] = [node, enter];
  while (at !== to) {
    const link = nextLink(forwarding, at, by, source, to);
    if (link === -1 || avoids(at) || down.has(link) || links.length > routing.nodes) return undefined;
    links.push(link);
    at = routing.sender(link ^ 1);
    by = link ^ 1;
  }
  return links;
}
