// What one node's counters saw: overlay packets by ordered pair of nodes and tunnel, and WireGuard's own apart.
import { contains, parseAddress } from "../address.ts";
import { parseCounters, type Volume } from "../counter-listing.ts";
import type { NodeState } from "../node-state.ts";
import { directions, type Plan } from "../plan.ts";
import type { Topology } from "../topology.ts";

/** `passed`: from elsewhere to elsewhere; `arrived`: for this node; `sent`: by this node. */
export const PLACES = ["passed", "arrived", "sent"] as const;
export type Place = (typeof PLACES)[number];

/** What WireGuard sends: type 1 to 3, type 4 without content, type 4 with (WireGuard's paper, 5.4). */
export const KINDS = ["handshakes", "keepalives", "data"] as const;
type WireguardKind = (typeof KINDS)[number];

export interface CapturedFlow extends Volume {
  /** Node names; an address where no node of the plan has it. */
  readonly from: string;
  readonly to: string;
  readonly place: Place;
  /** Tunnel ids; absent: no tunnel of the plan (hosts behind the node), or nothing was seen. */
  readonly by?: string;
  readonly out?: string;
  /** Whether the plan leads this direction through this node by these tunnels. */
  readonly planned: boolean;
}

interface CapturedTunnel {
  readonly tunnel: string;
  readonly peer: string;
  readonly received: Readonly<Record<WireguardKind, Volume>>;
  readonly sent: Readonly<Record<WireguardKind, Volume>>;
}

export interface Captured {
  readonly flows: readonly CapturedFlow[];
  readonly tunnels: readonly CapturedTunnel[];
  /** More addresses than the counters have room for. */
  readonly overflow: boolean;
}

/** Elements of one set; nft refuses more. */
export const ROOM = 65_535;
/** Names of sets and counters. */
export const setName = (place: Place, family: 4 | 6): string => `${place}${family}`;
export const counterName = (index: number, way: "received" | "sent", kind: WireguardKind): string =>
  `wg${index}_${way}_${kind}`;

/** Throws when it is not what `nft -j list table` prints. `only`: an ordered pair that is shown with its opposite. */
export function parseCapture(
  json: string,
  plan: Plan,
  state: NodeState,
  only?: readonly [string, string],
): Captured {
  const { sets, counters } = parseCounters(json);
  const seen = new Seen(plan, state);
  let overflow = false;
  for (const place of PLACES) {
    for (const family of [4, 6] as const) {
      const elements = sets.get(setName(place, family)) ?? [];
      overflow ||= elements.length >= ROOM;
      for (const { key, ...count } of elements) seen.add(place, key, count);
    }
  }
  return { flows: seen.flows(only), tunnels: tunnelsOf(state, counters), overflow };
}

/** Flows by pair, place and tunnels, all addresses of a node together. */
class Seen {
  readonly #flows = new Map<string, CapturedFlow>();
  readonly #plan: Plan;
  readonly #state: NodeState;
  readonly #planned: ReadonlyMap<string, Pick<CapturedFlow, "by" | "out" | "place">>;

  constructor(plan: Plan, state: NodeState) {
    this.#plan = plan;
    this.#state = state;
    this.#planned = new Map(
      Array.from(directions(plan), ({ from, to, path, tunnels }) => {
        const at = path.indexOf(state.node);
        const [by, out] = [tunnels[at - 1], tunnels[at]];
        const place = by === undefined ? "sent" : out === undefined ? "arrived" : "passed";
        const ways = { place, ...(by && { by }), ...(out && { out }) } as const;
        return at === -1 ? undefined : ([`${from} ${to}`, ways] as const);
      }).filter((each) => each !== undefined),
    );
  }

  add(place: Place, [source = "", destination = "", ...names]: readonly string[], count: Volume): void {
    const { topology } = this.#plan;
    const [from, to] = [ownerOf(source, topology), ownerOf(destination, topology)];
    const tunnel = (name: string | undefined): string | undefined =>
      this.#state.interfaces.find((each) => each.name === name)?.tunnel;
    const by = place === "sent" ? undefined : tunnel(names[0]);
    const out = place === "arrived" ? undefined : tunnel(names.at(-1));
    const key = [from, to, place, by, out].join(" ");
    const wanted = this.#planned.get(`${from} ${to}`);
    const planned = wanted !== undefined && wanted.by === by && wanted.out === out;
    const { packets = 0, bytes = 0 } = this.#flows.get(key) ?? {};
    const volumes = { packets: packets + count.packets, bytes: bytes + count.bytes };
    this.#flows.set(key, { from, to, place, ...(by && { by }), ...(out && { out }), planned, ...volumes });
  }

  /** With a line of zeros for the opposite of what passed, and for what a line of the file leads through here. */
  flows(only: readonly [string, string] | undefined): CapturedFlow[] {
    const all = [...this.#flows.values()];
    const isShown = ({ from, to }: Pick<CapturedFlow, "from" | "to">): boolean =>
      only === undefined || (only.includes(from) && only.includes(to));
    const shown = all.filter(isShown);
    const expected =
      only === undefined
        ? [
            ...this.#lines().flatMap(([from, to]) => [[from, to] as const, [to, from] as const]),
            ...shown.filter(({ place }) => place === "passed").map(({ from, to }) => [to, from] as const),
          ]
        : [only, [only[1], only[0]] as const];
    for (const [from, to] of expected) {
      if (shown.some((each) => each.from === from && each.to === to)) continue;
      const ways = this.#planned.get(`${from} ${to}`);
      shown.push({ from, to, place: "passed", ...ways, planned: ways !== undefined, packets: 0, bytes: 0 });
    }
    const rank = (each: CapturedFlow): number => PLACES.indexOf(each.place);
    return shown.sort(
      (x, y) => rank(x) - rank(y) || pairKey(x).localeCompare(pairKey(y), "en") || y.packets - x.packets,
    );
  }

  #lines(): (readonly [string, string])[] {
    const { routing, topology } = this.#plan;
    return Array.from(routing.lines.keys(), (key) => {
      const [from, to] = [Math.floor(key / routing.nodes), key % routing.nodes].map(
        (each) => topology.nodes[each]!.name,
      );
      return [from!, to!] as const;
    }).filter(([from, to]) => this.#planned.get(`${from} ${to}`)?.place === "passed");
  }
}

/** A pair and its opposite stand together. */
const pairKey = ({ from, to }: Pick<CapturedFlow, "from" | "to">): string =>
  from < to ? `${from} ${to} 0` : `${to} ${from} 1`;

/** The node that has an address, itself or in a subnet behind it. */
function ownerOf(text: string, { nodes }: Topology): string {
  const address = parseAddress(text);
  const own = nodes.find(({ addresses }) => address !== undefined && addresses.includes(address));
  const behind = nodes.find(({ prefixes }) =>
    prefixes.some((prefix) => address !== undefined && contains(prefix, address)),
  );
  return (own ?? behind)?.name ?? text;
}

function tunnelsOf(state: NodeState, counters: ReadonlyMap<string, Volume>): CapturedTunnel[] {
  const none = { packets: 0, bytes: 0 };
  return state.interfaces.map(({ tunnel, peer }, index) => {
    const way = (which: "received" | "sent"): CapturedTunnel["sent"] => {
      const of = (kind: WireguardKind): Volume => {
        const { packets, bytes } = counters.get(counterName(index, which, kind)) ?? none;
        return { packets, bytes };
      };
      return { handshakes: of("handshakes"), keepalives: of("keepalives"), data: of("data") };
    };
    return { tunnel, peer: peer.node, received: way("received"), sent: way("sent") };
  });
}
