// What is known beside where packets went, and what is made of it: a culprit with its evidence.
import type { Finding, FindingCode } from "../doctor/finding.ts";
import type { NodeState, TunnelInterface } from "../node-state.ts";
import type { Evidence } from "./evidence.ts";
import type { PingResult } from "./ping.ts";
import type { Flow } from "./probe.ts";

/** Part of the `--json` shape. */
export type CulpritCode =
  | "address"
  | "allowed-ips"
  | "conntrack-invalid"
  | "firewall"
  | "forwarding-off"
  | "interface"
  | "mtu"
  | "no-handshake"
  | "route"
  | "rp-filter"
  | "source-address"
  | "underlay"
  | "unknown";

export interface Culprit {
  readonly code: CulpritCode;
  /** Where it is to be mended. */
  readonly node: string;
  readonly message: string;
  /** What was seen, a line each. */
  readonly evidence: readonly string[];
}

/** What is known of the machines beside where the packets went. */
export interface Scene {
  readonly states: ReadonlyMap<string, NodeState>;
  /** By node; of those that could be asked. */
  readonly evidence: ReadonlyMap<string, { readonly before: Evidence; readonly after: Evidence }>;
  /** The doctor's, by node. */
  readonly findings: ReadonlyMap<string, readonly Finding[]>;
  /** What the kernel of a node says of a flow's packets: `ip route get`. */
  readonly routeAt: (node: string, flow: Flow) => string | undefined;
  readonly ping: (flow: Flow) => PingResult | undefined;
}

export const interfaceOf = (
  state: NodeState | undefined,
  name: string | undefined,
): TunnelInterface | undefined => state?.interfaces.find((each) => each.name === name);

export const nextInterface = (state: NodeState | undefined, { destination }: Flow): string | undefined =>
  state?.routes.find(({ prefix, table }) => table === "main" && prefix.split("/")[0] === destination)
    ?.interface;

export const said = (scene: Scene, node: string, codes: readonly FindingCode[]): string[] =>
  (scene.findings.get(node) ?? []).filter(({ code }) => codes.includes(code)).map(toldBy);

export const toldBy = ({ node, code, evidence }: Finding): string =>
  `doctor at ${node}: ${evidence} [${code}]`;
