// What is taken already: addresses, routes, ports, interface names, tables, rule priorities.
import { contains, familyOf, hostPrefix } from "../address.ts";
import { IDENTITY_ALIAS } from "../observed.ts";
import { FIRST_TABLE, IDENTITY, ROUTE_PROTOCOL } from "../node-state.ts";
import { isOfUplink } from "../uplink-rules.ts";
import type { SeenRoute } from "./facts-routes.ts";
import type { Found } from "./finding.ts";
import type { Subject } from "./subject.ts";

export const judgeConflicts = (subject: Subject): Found[] => [
  ...interfaces(subject),
  ...addresses(subject),
  ...routes(subject),
  ...ports(subject),
  ...tables(subject),
  ...rules(subject),
];

function interfaces({ facts, state, ours }: Subject): Found[] {
  const identity = { name: IDENTITY, what: "the device that keeps the node's own addresses; rename it" };
  const wanted = [
    ...state.interfaces.map(({ name, tunnel }) => ({
      name,
      what: `the tunnel ${tunnel}; name ours otherwise`,
    })),
    ...(state.interfaces.length > 0 ? [identity] : []),
  ];
  return wanted.flatMap(({ name, what }) => {
    const link = facts.links.get(name);
    const isOurs = name === IDENTITY ? link?.alias === IDENTITY_ALIAS : ours.has(name);
    if (link === undefined || isOurs) return [];
    return [
      {
        code: "interface-taken",
        severity: "error",
        message: `there is an interface ${name} already, and it is not ${what}, or remove it`,
        evidence: `ip link: ${name} mtu ${link.mtu} alias ${link.alias ?? "(none)"}`,
        mend: [`ip link del ${name}`],
      },
    ];
  });
}

/** Addresses of the overlay on interfaces that are not the plan's. */
function addresses({ facts, plan, state, tunnels }: Subject): Found[] {
  const owners = new Map<string, string>(
    plan.topology.nodes.flatMap(({ name, addresses: list }) => list.map((address) => [address, name])),
  );
  return facts.addresses.flatMap(({ interface: name, address, length }) => {
    const owner = owners.get(address);
    // The node's own on a dummy of its own, as many keep it: that is no clash.
    const isOwnHost = owner === state.node && length === (familyOf(address) === 4 ? 32 : 128);
    if (tunnels.has(name) ? owner === state.node || owner === undefined : owner === undefined || isOwnHost)
      return [];
    const whose =
      owner === state.node
        ? "this node's own overlay address with a subnet around it"
        : `the overlay address of ${owner}`;
    return [
      {
        code: "address-taken",
        severity: "error",
        message: `${name} has ${whose}: packets for it never leave this machine, or go elsewhere`,
        evidence: `ip address: ${address}/${length} dev ${name}`,
        mend: [`ip address del ${address}/${length} dev ${name}`],
      },
    ];
  });
}

function routes({ facts, plan, state, tunnels }: Subject): Found[] {
  const wanted = new Set<string>(
    state.routes.flatMap(({ prefix, table }) => (table === "main" ? [prefix] : [])),
  );
  const overlays = plan.spec.overlays.map(({ value }) => value);
  const own = new Set<string>(state.firewall.prefixes);
  return facts.routes.flatMap((route): Found[] => {
    const { prefix } = route;
    if (prefix === "default" || route.table !== "main" || isPlans(route, tunnels)) return [];
    const evidence = routeText(route);
    const mend = [`ip ${familyOf(prefix) === 6 ? "-6 " : ""}route del ${evidence}`];
    if (wanted.has(prefix)) {
      const message = `there is a route to ${prefix} already, by ${route.interface ?? route.type}; the plan has another`;
      return [{ code: "route-taken", severity: "error", message, evidence: `ip route: ${evidence}`, mend }];
    }
    const clashing = overlays.find((overlay) => contains(overlay, prefix));
    if (clashing === undefined || own.has(prefix)) return [];
    if (
      plan.topology.nodes.some(({ addresses: list }) =>
        list.some((address) => hostPrefix(address) === prefix),
      )
    )
      return [];
    const message = `the overlay ${clashing} overlaps ${prefix} of ${route.interface ?? route.type}: hosts there with an overlay address cannot be reached, and addresses of the overlay that no node has go there`;
    const subnet = facts.addresses.find(
      (each) => each.interface === route.interface && contains(prefix, each.address),
    );
    return [
      {
        code: "overlay-overlaps",
        severity: "warning",
        message,
        evidence: `ip route: ${evidence}`,
        mend:
          subnet !== undefined && route.protocol === "kernel"
            ? [`ip address del ${subnet.address}/${subnet.length} dev ${subnet.interface}`]
            : mend,
      },
    ];
  });
}

/** Through the plan's interfaces, whoever put them there. */
const isPlans = ({ interface: name, protocol, type }: SeenRoute, tunnels: ReadonlySet<string>): boolean =>
  protocol === String(ROUTE_PROTOCOL) || type === "local" || (name !== undefined && tunnels.has(name));

const routeText = ({ prefix, interface: name, protocol, table, type, metric }: SeenRoute): string =>
  [
    ...(type === "unicast" ? [] : [type]),
    prefix,
    ...(name === undefined ? [] : [`dev ${name}`]),
    ...(protocol === "" ? [] : [`proto ${protocol}`]),
    ...(metric === 0 ? [] : [`metric ${metric}`]),
    ...(table === "main" ? [] : [`table ${table}`]),
  ].join(" ");

function ports({ facts, state, ours }: Subject): Found[] {
  return state.interfaces.flatMap(({ name, tunnel, listenPort }): Found[] => {
    if (ours.has(name) && facts.wireguard.get(name)?.listenPort === listenPort) return [];
    const socket = facts.sockets.find(({ port }) => port === listenPort);
    if (socket === undefined) return [];
    const other = [...facts.wireguard].find(([, device]) => device.listenPort === listenPort)?.[0];
    const pid = /pid=(\d+)/.exec(socket.users)?.[1];
    const who =
      other === undefined ? /"([^"]+)"/.exec(socket.users)?.[1] : `the WireGuard interface ${other}`;
    const mend = other === undefined ? (pid === undefined ? [] : [`kill ${pid}`]) : [`ip link del ${other}`];
    return [
      {
        code: "port-taken",
        severity: "error",
        message: `UDP port ${listenPort}, where the tunnel ${tunnel} listens, is taken by ${who ?? "the kernel"}: stop it, or give the node another port (\`endpoint: host:port\`)`,
        evidence: `ss: ${socket.text}`,
        mend,
      },
    ];
  });
}

function tables({ facts, state, tunnels }: Subject): Found[] {
  const used = new Set(
    // Those of uplinks are the machine's own.
    state.rules.flatMap((rule) =>
      typeof rule.table === "string" || isOfUplink(rule) ? [] : [String(rule.table)],
    ),
  );
  return facts.routes.flatMap((route): Found[] => {
    const { family, table } = route;
    if (!used.has(table) || isPlans(route, tunnels)) return [];
    const flag = family === 6 ? "-6 " : "";
    return [
      {
        code: "table-taken",
        severity: "error",
        message: `routing table ${table} (the plan's begin at ${FIRST_TABLE}) has another's route`,
        evidence: `ip route: ${routeText(route)}`,
        mend: [`ip ${flag}route del ${routeText(route)}`],
      },
    ];
  });
}

function rules({ facts, state }: Subject): Found[] {
  const families = new Set(state.rules.map(({ from }) => familyOf(from)));
  const priorities = new Set(state.rules.map((rule) => rule.priority));
  return facts.rules.flatMap(({ family, priority, table, protocol }): Found[] => {
    if (!priorities.has(priority) || protocol === String(ROUTE_PROTOCOL) || !families.has(family)) return [];
    return [
      {
        code: "rule-taken",
        severity: "error",
        message: `rule priority ${priority} is used by another: which of two rules comes first is chance`,
        evidence: `ip rule: ${priority}: lookup ${table} proto ${protocol || "unspec"}`,
        mend: [`ip ${family === 6 ? "-6 " : ""}rule del priority ${priority} table ${table}`],
      },
    ];
  });
}
