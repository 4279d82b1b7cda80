// What the doctor says of a machine: one thing that breaks the plan there, what was seen, and what to run against it.

export type FindingCode =
  | "address-taken"
  | "endpoint-unresolved"
  | "endpoint-unroutable"
  | "forward-drop"
  | "forwarder-bypassed"
  | "forwarding-off"
  | "icmp-drop"
  | "input-drop"
  | "interface-taken"
  | "invalid-drop"
  | "missing-commands"
  | "networkd-foreign"
  | "networkd-manages"
  | "networkmanager"
  | "no-handshake"
  | "no-wireguard"
  | "not-root"
  | "overlay-overlaps"
  | "port-taken"
  | "reverse-path-drop"
  | "rewrites-source"
  | "route-taken"
  | "router-advertisements"
  | "rule-taken"
  | "strict-rp-filter"
  | "sysctl-at-boot"
  | "table-taken"
  | "underlay-mtu";

export interface Finding {
  /** Part of the `--json` shape. */
  readonly code: FindingCode;
  readonly node: string;
  /** `error`: breaks the plan; `warning`: may, or will later; `note`: harmless as long as the plan is applied whole. */
  readonly severity: "error" | "warning" | "note";
  readonly message: string;
  /** The line that was seen on the machine. */
  readonly evidence: string;
  /** Commands for a root shell of that machine. */
  readonly mend: readonly string[];
}

export type Found = Omit<Finding, "node">;
