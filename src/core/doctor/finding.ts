// What the doctor says of a machine: one thing that breaks the plan there, what was seen, and what to run against it.

export type FindingCode =
  | "address-taken"
  | "endpoint-unresolved"
  | "endpoint-unroutable"
  | "firewall-unseen"
  | "forward-drop"
  | "forwarder-bypassed"
  | "forwarding-off"
  | "icmp-drop"
  | "input-drop"
  | "interface-bound"
  | "interface-taken"
  | "invalid-drop"
  | "missing-commands"
  | "networkd-foreign"
  | "networkd-manages"
  | "networkmanager"
  | "no-handshake"
  | "no-ipv6"
  | "no-wireguard"
  | "not-root"
  | "output-drop"
  | "overlay-overlaps"
  | "port-taken"
  | "resolver-refused"
  | "reverse-path-drop"
  | "rewrites-source"
  | "route-elsewhere"
  | "route-taken"
  | "router-advertisements"
  | "rule-taken"
  | "strict-rp-filter"
  | "sysctl-at-boot"
  | "table-taken"
  | "underlay-mtu"
  | "uplink-table";

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
  /** What keeps the mend across a reboot, where it does not by itself: a command, or what to put where. */
  readonly lasting?: string;
}

export type Found = Omit<Finding, "node">;
