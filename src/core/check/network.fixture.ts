// Small networks written by hand, for tests of the oracle: nothing here comes from the compiler.
import { familyOf, hostPrefix } from "../address.ts";
import type { Address, Prefix } from "../address.ts";
import type { Position } from "../error.ts";
import type { NodeState, Route, TunnelInterface } from "../node-state.ts";
import type { Hop, MeasuredPath, NodeSpec, PathSpec, PinnedPath, Spec } from "../spec.ts";
import { CHOOSE_DEFAULTS, FAILOVER_DEFAULTS } from "../spec.ts";

/** A tunnel end; words are node names (all their addresses) or prefixes. */
interface End {
  readonly peer: string;
  readonly forwarder?: string;
  /** Allowed IPs. */
  readonly allowed: string;
  /** Sources that the firewall lets in; absent: the allowed IPs. */
  readonly arrivals?: string;
  /** What main routes here. */
  readonly routes?: string;
  readonly mtu?: number;
}

export interface Machine {
  readonly addresses: string;
  readonly ends: Readonly<Record<string, End>>;
  /** `in out` pairs; with any of them or `prefixes` the node forwards. */
  readonly transits?: readonly string[];
  readonly prefixes?: string;
}

const words = (text: string | undefined): string[] => text?.split(" ").filter((word) => word !== "") ?? [];

export function build(machines: Readonly<Record<string, Machine>>): NodeState[] {
  const addresses = (node: string): Address[] => words(machines[node]?.addresses) as Address[];
  const prefixes = (text: string | undefined): Prefix[] =>
    words(text).flatMap((word) => (word in machines ? addresses(word).map(hostPrefix) : [word as Prefix]));
  const tunnels: string[] = [];
  const portOf = (tunnel: string): number =>
    51820 + (tunnels.includes(tunnel) ? tunnels.indexOf(tunnel) : tunnels.push(tunnel) - 1);
  return Object.entries(machines).map(([node, machine]): NodeState => {
    const ends = Object.entries(machine.ends);
    const source = (prefix: Prefix): Address =>
      addresses(node).find((own) => familyOf(own) === familyOf(prefix))!;
    const interfaces = ends.map(([name, end]): TunnelInterface => {
      const over = end.forwarder === undefined ? {} : { forwarder: end.forwarder };
      const pair = [node, end.peer].sort().join(" - ");
      const tunnel = end.forwarder === undefined ? pair : `${pair} [${end.forwarder}]`;
      const listenPort = portOf(tunnel);
      const endpoint = { host: `${end.peer}.example.net`, port: listenPort };
      const peer = { node: end.peer, ...over, publicKey: `key of ${end.peer}`, endpoint };
      const own = { name, tunnel, listenPort, mtu: end.mtu ?? 1420, publicKey: `key of ${node}` };
      return { ...own, peer: { ...peer, allowedIps: prefixes(end.allowed) } };
    });
    const forwards = (machine.transits ?? machine.prefixes) !== undefined;
    return {
      node,
      addresses: addresses(node),
      interfaces,
      routes: ends.flatMap(([name, end]) =>
        prefixes(end.routes).map((prefix): Route => {
          return { prefix, interface: name, table: "main", source: source(prefix) };
        }),
      ),
      rules: [],
      sysctls: [
        ...(forwards ? ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"] : []).map((key) => ({
          key,
          value: "1",
        })),
        ...ends.map(([name]) => ({ key: `net.ipv4.conf.${name}.rp_filter`, value: "2" })),
      ],
      firewall: {
        arrivals: ends.flatMap(([name, end]) =>
          prefixes(end.arrivals ?? end.allowed).map((from) => ({ interface: name, source: from })),
        ),
        transits: (machine.transits ?? []).map((pair) => ({ in: words(pair)[0]!, out: words(pair)[1]! })),
        prefixes: prefixes(machine.prefixes),
      },
    };
  });
}

const at = (line: number): Position => ({ file: "tofro.yaml", line, column: 5 });

/** A file with one line for each text, `a -> b -[f]-> c` or `a => c`, line 10 and on. */
export function specOf(
  states: readonly NodeState[],
  lines: readonly string[],
  rest: Partial<Spec> = {},
): Spec {
  const nodes = states.map(({ node, firewall }, index): NodeSpec => {
    const prefixes = firewall.prefixes.map((value) => ({ value, at: at(index + 3) }));
    const endpoint = { host: `${node}.example.net`, port: 51820, at: at(index + 3) };
    return { name: node, at: at(index + 3), addresses: [], endpoint, prefixes, interfaces: [] };
  });
  const paths = lines.map((text, index) => pathOf(text, at(index + 10)));
  return {
    file: "tofro.yaml",
    overlays: [],
    isolate: false,
    choose: CHOOSE_DEFAULTS,
    failover: FAILOVER_DEFAULTS,
    nodes,
    forwarders: [],
    paths,
    ...rest,
  };
}

function pathOf(text: string, place: Position): PathSpec {
  const [from, ...rest] = text.split(" ") as [string, ...string[]];
  const hops: Hop[] = [];
  for (let index = 0; index < rest.length; index += 2) {
    const forwarder = /^-\[(.+)\]->$/.exec(rest[index]!)?.[1];
    hops.push({ to: rest[index + 1]!, ...(forwarder === undefined ? {} : { forwarder }) });
  }
  const base = { text, at: place, from, to: hops.at(-1)!.to, backup: { kind: "any" } } as const;
  return rest[0] === "=>"
    ? ({ ...base, kind: "measured", avoid: [] } satisfies MeasuredPath)
    : ({ ...base, kind: "pinned", hops } satisfies PinnedPath);
}

/** The states with one node changed. */
export const change = (
  states: readonly NodeState[],
  node: string,
  changed: (state: NodeState) => Partial<NodeState>,
): NodeState[] => states.map((state) => (state.node === node ? { ...state, ...changed(state) } : state));

/** The states with one interface changed. */
export const changeInterface = (
  states: readonly NodeState[],
  node: string,
  name: string,
  changed: (end: TunnelInterface) => Partial<TunnelInterface>,
): NodeState[] =>
  change(states, node, ({ interfaces }) => ({
    interfaces: interfaces.map((end) => (end.name === name ? { ...end, ...changed(end) } : end)),
  }));

/** `a -> b -> c`, `c -> a`: the allowed IPs that DESIGN found by experiment to work exactly. */
export const threeNodes = (family: 4 | 6 | "both" = 4): NodeState[] => {
  const addresses = (last: number): string =>
    [...(family === 6 ? [] : [`192.168.51.${last}`]), ...(family === 4 ? [] : [`fd51::${last}`])].join(" ");
  return build({
    a: {
      addresses: addresses(5),
      ends: {
        "wg-b": { peer: "b", allowed: "b c", arrivals: "b", routes: "b c" },
        "wg-c": { peer: "c", allowed: "c" },
      },
    },
    b: {
      addresses: addresses(1),
      ends: {
        "wg-a": { peer: "a", allowed: "a", routes: "a" },
        "wg-c": { peer: "c", allowed: "c", routes: "c" },
      },
      transits: ["wg-a wg-c"],
    },
    c: {
      addresses: addresses(2),
      ends: {
        "wg-a": { peer: "a", allowed: "a", routes: "a" },
        "wg-b": { peer: "b", allowed: "a b", routes: "b" },
      },
    },
  });
};
