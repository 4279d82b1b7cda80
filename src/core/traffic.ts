// What crosses each interface when every pair talks: destinations sent, sources that arrive, and transits.
import { BitRows } from "./bit-rows.ts";
import type { LinkIndex, Routing } from "./route.ts";

/** Forwarded packets that leave by another link than the node's own, by entering interface, source and destination. */
export type Exceptions = ReadonlyMap<LinkIndex, ReadonlyMap<number, ReadonlyMap<number, LinkIndex>>>;

/** Indexed by interface: interface `i` is the one that link `i` leaves by, and that link `i ^ 1` arrives at. */
export interface Traffic {
  /** The nodes that an interface sends to. */
  readonly sent: BitRows;
  /** The nodes whose packets arrive at an interface. */
  readonly arriving: BitRows;
  /** At `from * nodes + to`: the link that a node's own traffic takes, -1 for none. */
  readonly own: Int32Array;
  /** Pairs of interfaces of one node that forwarded packets enter and leave by. */
  readonly transits: ReadonlyMap<LinkIndex, ReadonlySet<LinkIndex>>;
  readonly exceptions: Exceptions;
}

/** Walks the path of every pair. */
export function trafficOf(routing: Routing): Traffic {
  const { nodes } = routing;
  const sent = new BitRows(routing.links, nodes);
  const arriving = new BitRows(routing.links, nodes);
  const own = new Int32Array(nodes * nodes).fill(-1);
  const transits = new Map<LinkIndex, Set<LinkIndex>>();
  const exceptions = new Map<LinkIndex, Map<number, Map<number, LinkIndex>>>();

  const forward = (enter: LinkIndex, leave: LinkIndex, from: number, to: number): void => {
    const leaving = transits.get(enter);
    if (leaving === undefined) transits.set(enter, new Set([leave]));
    else leaving.add(leave);
    const at = routing.sender(leave) * nodes + to;
    // Only with `isolate` a transit may have no way of its own: then the first to pass decides what main says.
    if (own[at] === -1) own[at] = leave;
    if (own[at] !== leave) except(enter, leave, from, to);
  };
  const except = (enter: LinkIndex, leave: LinkIndex, from: number, to: number): void => {
    const bySource = exceptions.get(enter) ?? new Map<number, Map<number, LinkIndex>>();
    const byDestination = bySource.get(from) ?? new Map<number, LinkIndex>();
    exceptions.set(enter, bySource.set(from, byDestination.set(to, leave)));
  };

  forEachPair(nodes, (from, to) => {
    own[from * nodes + to] = routing.firstLink(from, to);
  });
  forEachPair(nodes, (from, to) => {
    let previous = -1;
    routing.walk(from, to, (link) => {
      sent.add(link, to);
      arriving.add(link ^ 1, from);
      if (previous !== -1) forward(previous ^ 1, link, from, to);
      previous = link;
    });
  });
  return { sent, arriving, own, transits, exceptions };
}

function forEachPair(nodes: number, visit: (from: number, to: number) => void): void {
  for (let from = 0; from < nodes; from++) {
    for (let to = 0; to < nodes; to++) if (from !== to) visit(from, to);
  }
}
