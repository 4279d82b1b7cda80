// `tofro show`: the plan for a person, each direction, each node.
import { Command } from "@commander-js/extra-typings";
import type { NodeState, Rule, UdpForward } from "../core/node-state.ts";
import { directions, type Direction, type Plan } from "../core/plan.ts";
import type { UplinkSpec } from "../core/spec.ts";
import type { Tunnel } from "../core/topology.ts";
import { nameOver } from "../core/tunnels.ts";
import { hostPort } from "../render/wireguard.ts";
import { columns } from "./columns.ts";
import type { Io } from "./io.ts";
import { loadPlan, networkOptions } from "./load.ts";

const MOST_LISTED = 200;

export const showCommand = (io: Io) =>
  networkOptions(new Command("show"))
    .description("the plan: each direction, what to open where, what each node gets")
    .option("--json", "{ nodes, tunnels, forwarders, directions, states }")
    .action(async (options) => {
      const plan = await loadPlan(options, io);
      io.stdout(options.json === true ? `${JSON.stringify(planJson(plan), undefined, 2)}\n` : showText(plan));
    });

/** The plan as plain values, without secrets. */
function planJson(plan: Plan): unknown {
  const { nodes, tunnels, forwarders } = plan.topology;
  const all = [...directions(plan)].map(({ from, to, path, tunnels: hops, line }) => ({
    from,
    to,
    path,
    tunnels: hops,
    named: line !== undefined,
  }));
  return { nodes, tunnels, forwarders, directions: all, states: plan.states };
}

/** The plan for a person. */
export function showText(plan: Plan): string {
  const { nodes, tunnels } = plan.topology;
  const overlays = plan.spec.overlays.map((overlay) => overlay.value).join(", ");
  return [
    `${plan.spec.file}: ${nodes.length} nodes, ${tunnels.length} tunnels, overlay ${overlays}\n`,
    directionsText(plan),
    exitsText(plan),
    forwardersText(plan),
    ...plan.states.map((state) => nodeText(plan, state)),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function directionsText(plan: Plan): string {
  const all = [...directions(plan)];
  const named = all.filter((direction) => direction.line !== undefined);
  const listed = named.slice(0, MOST_LISTED);
  const rest = all.length - named.length;
  const lines = [
    "Directions\n",
    columns(
      listed.map((direction) => [
        wayOf(plan, direction),
        howChosen(direction),
        `line ${direction.line!.at.line}`,
      ]),
      "  ",
    ),
    ...(named.length > listed.length ? [`  ... and ${named.length - listed.length} more\n`] : []),
    ...(rest > 0 ? [`  ${rest} more, which no line names: ${restText(plan)}\n`] : []),
    ...plaintextNotes(plan, named),
    "  Nothing moves by itself: a path whose tunnel dies stays dead until the tunnel is back\n",
  ];
  return lines.join("");
}

const restText = (plan: Plan): string =>
  plan.spec.isolate
    ? "back from what is named, and between transits and those they carry"
    : "the direct tunnel, else the fewest hops";

/** `a -> b -[hkg]-> c`, as the packets go. */
function wayOf(plan: Plan, { path, tunnels }: Direction): string {
  const byId = new Map(plan.topology.tunnels.map((tunnel) => [tunnel.id, nameOver(tunnel)]));
  return path
    .map((node, index) => {
      const over = index === 0 ? undefined : byId.get(tunnels[index - 1]!);
      if (index === 0) return node;
      return over === undefined ? ` -> ${node}` : ` -[${over}]-> ${node}`;
    })
    .join("");
}

const howChosen = ({ line }: Direction): string =>
  line!.kind === "pinned" ? "as written" : "to be measured; until then the fewest hops";

function plaintextNotes(plan: Plan, named: readonly Direction[]): string[] {
  const carried = new Map<string, string[]>();
  for (const { path, from, to } of named) {
    for (const transit of path.slice(1, -1)) {
      carried.set(transit, [...(carried.get(transit) ?? []), `${from} to ${to}`]);
    }
  }
  return plan.topology.nodes.flatMap(({ name }) => {
    const pairs = carried.get(name);
    if (pairs === undefined) return [];
    const shown =
      pairs.length > 4 ? `${pairs.slice(0, 4).join(", ")} and ${pairs.length - 4} more` : pairs.join(", ");
    return [`  ${name} decrypts and sees what it carries: ${shown}\n`];
  });
}

function exitsText(plan: Plan): string {
  const all = new Map([...directions(plan)].map((each) => [`${each.from} ${each.to}`, each]));
  const way = (from: string, to: string): string => {
    const direction = all.get(`${from} ${to}`);
    return direction === undefined ? "no way" : wayOf(plan, direction);
  };
  const rows = plan.topology.nodes.flatMap(({ name, leaves }) => {
    if (leaves === undefined) return [];
    const { via, except, killSwitch, dns } = leaves;
    return [
      [
        way(name, via),
        `answers ${way(via, name)}`,
        killSwitch ? "kill switch" : `by ${name}'s own uplink while that tunnel is gone`,
        except.length === 0 ? "" : `except ${except.join(", ")}`,
        dns.length === 0 ? "" : `names by ${dns.join(", ")}`,
      ],
    ];
  });
  return rows.length === 0 ? "" : `Internet\n${columns(rows, "  ")}`;
}

function forwardersText(plan: Plan): string {
  const hosts = new Map(plan.topology.nodes.map((node) => [node.name, node.endpoint]));
  const rows = plan.topology.forwarders.map(({ name, listen, on, to, toPort }) => {
    const target = `forward${on === undefined ? "" : "s"} to ${hostPort({ host: hosts.get(to) ?? to, port: toPort ?? 0 })}/udp`;
    return [
      name,
      `listens on ${hostPort(listen)}/udp`,
      toPort === undefined
        ? "no path uses it"
        : on === undefined
          ? `enter at the provider: ${target}; it holds no key`
          : `${on} ${target}; it has no key for that and sees no plaintext`,
    ];
  });
  return rows.length === 0 ? "" : `Forwarders\n${columns(rows, "  ")}`;
}

function nodeText(plan: Plan, state: NodeState): string {
  const node = plan.topology.nodes.find((each) => each.name === state.node)!;
  const where = node.endpoint ?? "behind NAT, dials out";
  const tunnels = new Map(plan.topology.tunnels.map((tunnel) => [tunnel.id, tunnel]));
  const rows = state.interfaces.map((each) => [
    each.name,
    `UDP ${each.listenPort}`,
    dialText(tunnels.get(each.tunnel)!, state.node),
    `allowed ${each.peer.allowedIps.join(", ")}`,
  ]);
  const routes = state.routes.map((route) => [
    route.prefix,
    `by ${route.interface}`,
    [
      route.table === "main" ? "" : `in table ${route.table}`,
      route.mtu === undefined ? "" : `mtu ${route.mtu}`,
      route.advmss === undefined ? "" : `advmss ${route.advmss}`,
    ]
      .filter((part) => part !== "")
      .join(", "),
  ]);
  const rules = state.rules.map((rule) => ruleRow(state, rule));
  const shorten = (lines: string[][]): string[][] =>
    lines.length > MOST_LISTED
      ? [...lines.slice(0, MOST_LISTED), [`... and ${lines.length - MOST_LISTED} more`]]
      : lines;
  const behind = node.prefixes.length === 0 ? "" : `, before ${node.prefixes.join(", ")}`;
  const uplinks = plan.spec.nodes.find(({ name }) => name === state.node)?.uplinks ?? [];
  return [
    `${state.node}  ${state.addresses.join(", ")}  ${where}${behind}\n`,
    columns(uplinks.map(uplinkRow), "  "),
    columns(shorten(rows), "  "),
    openPorts(plan, state),
    columns((state.firewall.forwards ?? []).map(forwardRow), "  "),
    columns(shorten(routes), "  "),
    columns(shorten(rules), "  "),
  ].join("");
}

const uplinkRow = ({ name, endpoint, table }: UplinkSpec): string[] => [
  `uplink ${name}`,
  endpoint === undefined ? "dials out" : endpoint.value,
  table === undefined ? "" : `by routing table ${table.value}`,
];

const forwardRow = ({ forwarder, port, to, toPort, from }: UdpForward): string[] => [
  `forwards UDP ${port}`,
  `to ${hostPort({ host: to, port: toPort })}`,
  `for ${forwarder}`,
  from === undefined ? "" : `from ${from} alone`,
];

function ruleRow(state: NodeState, rule: Rule): string[] {
  const { from, to, iif, table, suppressPrefixLength } = rule;
  const what = [`from ${from}`, ...(to === undefined ? [] : [`to ${to}`]), ...whose(state, rule)];
  const but = suppressPrefixLength === undefined ? "" : ", its default routes apart";
  return [
    what.join(" "),
    iif === undefined ? "" : `in by ${iif}`,
    typeof table === "number" || table === "main" ? `look up table ${table}${but}` : table,
  ];
}

function whose({ interfaces }: NodeState, { fwmark }: Rule): string[] {
  if (fwmark === undefined) return [];
  const over = new Set(
    interfaces.flatMap((each) => (each.fwmark === fwmark ? (each.peer.uplink ?? []) : [])),
  );
  return [over.size === 0 ? "of the tunnels themselves" : `of the tunnels over ${[...over].join(", ")}`];
}

/** Which end dials: that is also who can bring a dead tunnel back. */
function dialText(tunnel: Tunnel, node: string): string {
  const [own, other] = tunnel.ends[0].node === node ? tunnel.ends : [tunnel.ends[1], tunnel.ends[0]];
  const name = nameOver(tunnel);
  const over = name === undefined ? "" : ` over ${name}`;
  if (own.endpoint === undefined) return `${other.node} dials in${over}`;
  return `dials ${other.node}${over} at ${hostPort(own.endpoint)}${own.keepaliveS === undefined ? "" : `, keepalive ${own.keepaliveS} s`}`;
}

/** The UDP ports that a firewall in front of the node must let in. */
function openPorts(plan: Plan, state: NodeState): string {
  const dialled = plan.topology.tunnels.flatMap(({ ends: [a, b] }) =>
    [a, b].flatMap((own) => {
      const other = own === a ? b : a;
      return own.node === state.node && other.endpoint !== undefined ? [own.port] : [];
    }),
  );
  const ports = [...dialled, ...(state.firewall.forwards ?? []).map(({ port }) => port)];
  return ports.length === 0 ? "" : `  open UDP ${ranges(ports.sort((x, y) => x - y)).join(", ")}\n`;
}

function ranges(ports: readonly number[]): string[] {
  const found: [number, number][] = [];
  for (const port of ports) {
    const last = found.at(-1);
    if (last !== undefined && port === last[1] + 1) last[1] = port;
    else found.push([port, port]);
  }
  return found.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
}
