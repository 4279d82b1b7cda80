// What is sent to see a path: bursts of pings, known among all other packets by their ICMP identifiers.
import { familyOf, type Address, type Family } from "../address.ts";
import type { NodeState } from "../node-state.ts";
import type { Plan } from "../plan.ts";

/** IP and ICMP headers in bytes. */
export const HEADERS = { 4: 28, 6: 48 } as const;
const SMALL = 56;

/** One burst from one node to another. */
export interface Probe {
  /** ICMP identifier of the burst. */
  readonly id: number;
  readonly from: string;
  readonly to: string;
  readonly family: Family;
  /** `full`: as large as the plan lets packets of this direction be, and not to be cut. */
  readonly size: "small" | "full";
  /** Of the ICMP payload. */
  readonly payloadBytes: number;
  readonly source: Address;
  readonly destination: Address;
  readonly count: number;
}

/** Requests go from the probe's `from` to its `to`, replies the other way. */
type Kind = "request" | "reply";

/** The packets of one burst that go one way. */
export interface Flow {
  readonly probe: Probe;
  readonly kind: Kind;
  readonly from: string;
  readonly to: string;
  readonly source: Address;
  readonly destination: Address;
}

/** Bursts between two nodes, both ways and in every family that both have. */
export function probesBetween(plan: Plan, a: string, c: string, firstId: number, count: number): Probe[] {
  const probes: Probe[] = [];
  for (const [from, to] of [
    [a, c],
    [c, a],
  ] as const) {
    const [here, there] = [from, to].map((name) => plan.states.find(({ node }) => node === name)!);
    for (const destination of there!.addresses) {
      const family = familyOf(destination);
      const source = here!.addresses.find((address) => familyOf(address) === family);
      if (source === undefined) continue;
      const room = largestPacket(here!, destination) - HEADERS[family];
      for (const size of ["small", "full"] as const) {
        const base = { from, to, family, source, destination, size };
        const rest = size === "small" ? { payloadBytes: SMALL, count } : { payloadBytes: room, count: 3 };
        probes.push({ id: firstId + probes.length, ...base, ...rest });
      }
    }
  }
  return probes;
}

/** As the plan's own route at the source says, in bytes. */
function largestPacket(state: NodeState, destination: Address): number {
  const route = state.routes.find(
    ({ prefix, table }) => table === "main" && prefix.split("/")[0] === destination,
  );
  const mtu = state.interfaces.find(({ name }) => name === route?.interface)?.mtu ?? 1280;
  return Math.min(route?.mtu ?? mtu, mtu);
}

export const requestsOf = (probe: Probe): Flow => ({ probe, kind: "request", ...probe });

export const repliesOf = (probe: Probe): Flow => ({
  probe,
  kind: "reply",
  from: probe.to,
  to: probe.from,
  source: probe.destination,
  destination: probe.source,
});

/** The name of a flow's counters. */
export const flowKey = ({ probe, kind }: Pick<Flow, "probe" | "kind">): string => `${probe.id}_${kind}`;
