// Nodes and tunnels as indices and typed arrays, and the searches on them: hops, trees, paths within limits.
import type { LinkIndex } from "./route.ts";
import type { Hop, MeasuredPath } from "./spec.ts";
import type { Topology } from "./topology.ts";
import { tunnelId, type Over } from "./tunnels.ts";

const NOTHING_DEAD: ReadonlySet<LinkIndex> = new Set();

export class Graph {
  readonly size: number;
  readonly #topology: Topology;
  readonly #indices: Map<string, number>;
  readonly #linksById: Map<string, LinkIndex>;
  /** The links that a node sends, those to dialable nodes first, then in the file's order, plain tunnels before others. */
  readonly #links: readonly (readonly LinkIndex[])[];
  readonly #senders: Int32Array;

  constructor(topology: Topology) {
    this.#topology = topology;
    this.size = topology.nodes.length;
    this.#indices = new Map(topology.nodes.map((node, index) => [node.name, index]));
    this.#linksById = new Map(topology.tunnels.map((tunnel, index) => [tunnel.id, 2 * index]));
    this.#senders = new Int32Array(2 * topology.tunnels.length);
    const links: LinkIndex[][] = topology.nodes.map(() => []);
    topology.tunnels.forEach((tunnel, index) => {
      tunnel.ends.forEach((each, side) => {
        const node = this.#indices.get(each.node)!;
        this.#senders[2 * index + side] = node;
        links[node]!.push(2 * index + side);
      });
    });
    const rank = (link: LinkIndex): number => {
      const receiver = this.receiver(link);
      const hidden = topology.nodes[receiver]!.endpoint === undefined;
      return (Number(hidden) * this.size + receiver) * 3 + detourOf(topology.tunnels[link >> 1]!);
    };
    this.#links = links.map((own) => own.sort((x, y) => rank(x) - rank(y)));
  }

  /** The links that a node sends. */
  links(node: number): readonly LinkIndex[] {
    return this.#links[node]!;
  }

  sender(link: LinkIndex): number {
    return this.#senders[link]!;
  }

  receiver(link: LinkIndex): number {
    return this.#senders[link ^ 1]!;
  }

  /** The links of exactly these hops. */
  follow(from: number, hops: readonly Hop[]): LinkIndex[] {
    let at = from;
    return hops.map((hop) => {
      const next = this.#indices.get(hop.to)!;
      const [a, b] = at < next ? [at, next] : [next, at];
      const name = (index: number): string => this.#topology.nodes[index]!.name;
      const { to: _to, ...over } = hop;
      const wanted = { a: name(a), b: name(b), ...over };
      const tunnel = this.#linksById.get(tunnelId(wanted));
      if (tunnel === undefined) throw new Error(`no tunnel ${tunnelId(wanted)}: the path needs it`);
      const link = tunnel + Number(this.sender(tunnel) !== at);
      at = next;
      return link;
    });
  }

  /**
   * For each node the link of a path of fewest hops to `to` over links that live, -1 where there is none.
   * Among equals a node's own way (`own`, a link or -1) is taken, so that its routing table needs no exceptions.
   */
  treeTo(to: number, own: (node: number) => LinkIndex, dead = NOTHING_DEAD): Int32Array {
    const tree = this.#fewestHops(to, own, dead);
    return this.complete(tree, to, dead);
  }

  /**
   * A tree to `to` in which nodes that have no way take one over as few dead links as may be. Often links are only thought dead, and it
   * is by such a way that its node comes to be heard again. None leads through a node that sends by dead links alone: who does not
   * listen knows less, and could send packets back.
   */
  complete(tree: Int32Array, to: number, dead: ReadonlySet<LinkIndex>): Int32Array {
    const isLost = (node: number): boolean => node !== to && whole[node] === -1;
    const whole = tree.slice();
    if (dead.size === 0 || !whole.some((_, node) => isLost(node))) return tree;
    const isDeaf = this.deaf(dead);
    /** Gives ways to the nodes before some; those that lead others on are added to `into`, which may be what is walked. */
    const grow = (from: Iterable<number>, into: number[], isUsable: (link: LinkIndex) => boolean): void => {
      for (const at of from)
        for (const link of this.#links[at]!) {
          const node = this.receiver(link);
          if (!isLost(node) || !isUsable(link ^ 1)) continue;
          whole[node] = link ^ 1;
          if (!isDeaf[node]) into.push(node);
        }
    };
    let reached = [to, ...[...tree.keys()].filter((node) => tree[node] !== -1 && !isDeaf[node])];
    while (reached.length > 0) {
      const next: number[] = [];
      grow(reached, next, () => true);
      grow(next, next, (link) => !dead.has(link));
      reached = next;
    }
    return whole;
  }

  /** By node, whether it sends by dead links alone. */
  deaf(dead: ReadonlySet<LinkIndex>): readonly boolean[] {
    return this.#links.map((links) => dead.size > 0 && links.every((link) => dead.has(link)));
  }

  /** Breadth-first from `to` backwards. */
  #fewestHops(to: number, own: (node: number) => LinkIndex, dead: ReadonlySet<LinkIndex>): Int32Array {
    const next = new Int32Array(this.size).fill(-1);
    const distance = new Int32Array(this.size).fill(-1);
    distance[to] = 0;
    const queue = [to];
    for (let head = 0; head < queue.length; head++) {
      const at = queue[head]!;
      for (const link of this.#links[at]!) {
        const node = this.receiver(link);
        if (distance[node] !== -1 || dead.has(link ^ 1)) continue;
        distance[node] = distance[at]! + 1;
        queue.push(node);
      }
    }
    const isNearer = (link: LinkIndex, node: number): boolean =>
      distance[this.receiver(link)] === distance[node]! - 1 && !dead.has(link);
    for (let node = 0; node < this.size; node++) {
      if (distance[node]! < 1) continue;
      const preferred = own(node);
      next[node] =
        preferred !== -1 && isNearer(preferred, node)
          ? preferred
          : this.#links[node]!.find((link) => isNearer(link, node))!;
    }
    return next;
  }

  /** A tree leads to its root from everywhere, or from nowhere. */
  climb(tree: Int32Array, from: number, to: number, visit: (link: LinkIndex) => void): void {
    for (let at = from; at !== to && tree[at] !== -1; at = this.receiver(tree[at]!)) visit(tree[at]!);
  }

  /** Fewest hops among the paths that the line's `avoid`, `via` and `max_hops` allow, over links that live. */
  shortestWithin(from: number, to: number, line: MeasuredPath, dead = NOTHING_DEAD): LinkIndex[] {
    const arrivedBy = new Int32Array(this.size).fill(-1);
    const queue = [from];
    for (let head = 0; head < queue.length && arrivedBy[to] === -1; head++) {
      for (const link of this.#links[queue[head]!]!) {
        const node = this.receiver(link);
        if (node === from || arrivedBy[node] !== -1 || dead.has(link)) continue;
        if (!this.mayCarry(link, line) || (node !== to && !this.mayPass(node, line))) continue;
        arrivedBy[node] = link;
        queue.push(node);
      }
    }
    const links: LinkIndex[] = [];
    for (let at = to; at !== from; at = this.sender(arrivedBy[at]!)) {
      if (arrivedBy[at] === -1) return [];
      links.unshift(arrivedBy[at]!);
    }
    return links.length <= (line.maxHops ?? links.length) ? links : [];
  }

  /** Whether a line's `avoid` and `via` let it run over a link's forwarder or uplink, if it has one. */
  mayCarry(link: LinkIndex, line: MeasuredPath): boolean {
    return mayRunOver(this.#topology.tunnels[link >> 1]!, line);
  }

  /** Whether a line's `avoid` and `via` let it pass a node in between. */
  mayPass(node: number, line: MeasuredPath): boolean {
    return isAllowed(this.#topology.nodes[node]!.name, line);
  }
}

/** Plain tunnels before those over an uplink, and these before those over a forwarder. */
export const detourOf = ({ forwarder, uplink }: Over): number =>
  forwarder !== undefined ? 2 : Number(uplink !== undefined);

/** What lies in between must be allowed; an uplink does not, and must only not be avoided. */
export const mayRunOver = ({ forwarder, uplink }: Over, line: Pick<MeasuredPath, "avoid" | "via">): boolean =>
  (forwarder === undefined || isAllowed(forwarder, line)) &&
  (uplink === undefined || !line.avoid.includes(uplink));

const isAllowed = (name: string, { avoid, via }: Pick<MeasuredPath, "avoid" | "via">): boolean =>
  !avoid.includes(name) && (via === undefined || via.includes(name));
