// A packet as a chain of nftables sees it; what is not known of it is undefined.
import type { Address, Family } from "../address.ts";

export type ConntrackState = "new" | "established" | "related" | "invalid" | "untracked";

export interface Packet {
  readonly family: Family;
  readonly source?: Address;
  readonly destination?: Address;
  readonly iifname?: string;
  readonly oifname?: string;
  readonly l4proto: "tcp" | "udp" | "icmp" | "ipv6-icmp";
  readonly sport?: number;
  readonly dport?: number;
  readonly tcpFlags?: readonly string[];
  /** nft's names, e.g. `echo-request`. */
  readonly icmpType?: string;
  readonly state: ConntrackState;
  /** `fib daddr type local`. */
  readonly isLocal: boolean;
  /** `ct status dnat`: its destination was rewritten, or it answers such a packet. */
  readonly isRedirected?: true;
  /** Whether there is a route back to the source: at all, and by the interface it came in. */
  readonly back?: { readonly any: boolean; readonly sameInterface: boolean };
}
