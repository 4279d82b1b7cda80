// Whether a packet with a given source gets into a node by a tunnel: what somebody who forges sources can do.
import type { Address } from "../address.ts";
import type { NodeState } from "../node-state.ts";
import { admit } from "./kernel.ts";
import { buildMachines } from "./machine.ts";
import { hostOf } from "./prefix-map.ts";

export interface TunnelEndName {
  readonly node: string;
  readonly interface: string;
}

/** True when neither WireGuard nor our firewall at this end drops a packet for its source. */
export function accepts(states: readonly NodeState[], end: TunnelEndName, source: Address): boolean {
  const state = states.filter(({ node }) => node === end.node);
  const port = buildMachines(state)[0]?.ports.get(end.interface);
  return port !== undefined && admit(port, hostOf(source)) === undefined;
}
