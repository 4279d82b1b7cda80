// Where the packets of one flow went: counters of the machines one after another, other witnesses where none can be read.
import { flowKey, type Flow } from "./probe.ts";
import { countsAt, packetsAt, type Count, type Tap } from "./tap.ts";
import type { TunnelSide, Wiring } from "./wiring.ts";

export interface SeenHop {
  readonly node: string;
  /** By which they left; absent: not known. */
  readonly interface?: string;
  /** Absent: not known, or the interface is none of the plan's. */
  readonly tunnel?: string;
  /** How many packets left, and how many of them the next node got; absent: not counted there. */
  readonly sent?: number;
  readonly received?: number;
}

/** How far packets came at the node where they were lost. */
type Stage =
  /** They never left where they begin. */
  | "origin"
  /** They left, and did not come out at the tunnel's other end. */
  | "link"
  /** They came in; the kernel neither takes nor forwards them. */
  | "route"
  /** The kernel forwards them, but they do not leave. */
  | "firewall"
  /** A node takes them for its own that is not their destination. */
  | "taken";

export interface Loss {
  readonly stage: Stage;
  /** Where they were seen last. */
  readonly node: string;
  /** By which they left (`link`), or came in. */
  readonly interface?: string;
  /** The other end of the tunnel, for `link`; absent: the plan has no tunnel there. */
  readonly peer?: TunnelSide["peer"];
  readonly packets: number;
}

export interface Rewrite {
  readonly node: string;
  readonly interface: string;
  readonly source: string;
}

export interface Seen {
  readonly flow: Flow;
  /** The last node has no interface. */
  readonly hops: readonly SeenHop[];
  /** Undefined: nobody could see that. */
  readonly arrived: boolean | undefined;
  readonly loss?: Loss;
  /** Where packets first had another source than the plan gives them. */
  readonly rewrite?: Rewrite;
}

/** What others than counters say. */
export interface Witness {
  /** Node names that routers on the way gave, both ends included; absent: they told nothing. */
  readonly nodes?: readonly string[];
  /** Packets that came, as ping counted. */
  readonly received?: number;
}

/** Follows one flow from machine to machine, until it arrives or nobody has seen it further on. */
export function follow(
  flow: Flow,
  taps: ReadonlyMap<string, Tap>,
  wiring: Wiring,
  witness: Witness = {},
): Seen {
  const key = flowKey(flow);
  const hops: SeenHop[] = [];
  const visited = new Set<string>();
  let at: Place = { node: flow.from };
  let loss: Loss | undefined;
  while (loss === undefined && at.node !== flow.to && !visited.has(at.node)) {
    visited.add(at.node);
    const tap = taps.get(at.node);
    const step: Step =
      tap === undefined
        ? inTheDark(at.node, key, taps, wiring, witness)
        : inTheLight(at, tap, key, taps, wiring);
    if (step.hop !== undefined) hops.push(step.hop);
    loss = step.loss;
    if (step.next === undefined) break;
    at = step.next;
  }
  const end = taps.get(flow.to);
  const here = end === undefined ? witness.received : packetsAt(end, "here", key);
  const arrives = here !== undefined && here > 0;
  if (!arrives && at.node === flow.to && end !== undefined) loss ??= lossAt(at, end, key);
  const rewrite = rewriteOf(flow, key, taps, hops);
  return {
    flow,
    hops: hops.at(-1)?.node === at.node ? hops : [...hops, { node: at.node }],
    arrived: arrives ? true : loss === undefined ? undefined : false,
    ...(loss === undefined || arrives ? {} : { loss }),
    ...(rewrite === undefined ? {} : { rewrite }),
  };
}

interface Place {
  readonly node: string;
  /** By which packets came in. */
  readonly interface?: string;
}

interface Step {
  readonly hop?: SeenHop;
  readonly next?: Place;
  readonly loss?: Loss;
}

/** At a machine whose counters can be read. */
function inTheLight(at: Place, tap: Tap, key: string, taps: ReadonlyMap<string, Tap>, wiring: Wiring): Step {
  const { node } = at;
  const [exit] = countsAt(tap, "out", key);
  if (exit === undefined) return { loss: lossAt(at, tap, key) };
  const sent = packetsBy(countsAt(tap, "out", key), exit.interface);
  const side = wiring.at(node, exit.interface);
  const left = { node, interface: exit.interface };
  const lost = { stage: "link", ...left, packets: sent } as const;
  if (side === undefined) return { hop: { ...left, sent }, loss: lost };
  const { tunnel, peer } = side;
  const there = taps.get(peer.node);
  if (there === undefined) return { hop: { ...left, tunnel, sent }, next: peer };
  const received = packetsBy(countsAt(there, "in", key), peer.interface);
  const hop = { ...left, tunnel, sent, received };
  return received > 0 ? { hop, next: peer } : { hop, loss: { ...lost, peer } };
}

const packetsBy = (counts: readonly Count[], name: string): number =>
  counts.reduce((sum, each) => (each.interface === name ? sum + each.packets : sum), 0);

/** At a machine that cannot be asked: where its packets come in elsewhere, or where routers say they went. */
function inTheDark(
  node: string,
  key: string,
  taps: ReadonlyMap<string, Tap>,
  wiring: Wiring,
  { nodes = [] }: Witness,
): Step {
  for (const [other, tap] of taps) {
    const counts = countsAt(tap, "in", key);
    for (const { interface: name } of counts) {
      const side = wiring.at(other, name);
      if (side?.peer.node !== node) continue;
      const { tunnel, peer } = side;
      const hop = { node, interface: peer.interface, tunnel, received: packetsBy(counts, name) };
      return { hop, next: { node: other, interface: name } };
    }
  }
  const next = nodes[nodes.indexOf(node) + 1];
  if (!nodes.includes(node) || next === undefined) return { hop: { node } };
  const [side, another] = wiring.between(node, next);
  // Of several tunnels between two nodes routers do not say which.
  const known = side === undefined || another !== undefined ? {} : { tunnel: side.tunnel };
  return { hop: { node, ...known }, next: { node: next } };
}

/** At the station behind the last one that saw them. */
function lossAt({ node, interface: name }: Place, tap: Tap, key: string): Loss {
  const [came, passed, here] = (["in", "pass", "here"] as const).map((each) => packetsAt(tap, each, key));
  const stage = here! > 0 ? "taken" : passed! > 0 ? "firewall" : came! > 0 ? "route" : "origin";
  const packets = Math.max(came!, passed!, here!);
  return { stage, node, packets, ...(name === undefined ? {} : { interface: name }) };
}

function rewriteOf(
  flow: Flow,
  key: string,
  taps: ReadonlyMap<string, Tap>,
  hops: readonly SeenHop[],
): Rewrite | undefined {
  for (const { node } of hops) {
    const tap = taps.get(node);
    const wrong = tap && countsAt(tap, "out", key).find(({ source }) => source !== flow.source);
    if (wrong !== undefined) return { node, interface: wrong.interface, source: wrong.source };
  }
  return undefined;
}
