// What of a node's state RouterOS cannot have, and what to do instead.
import { familyOf, lengthOf } from "../core/address.ts";
import { FWMARK, type NodeState, type Route } from "../core/node-state.ts";
import { isOfUplink } from "../core/uplink-rules.ts";
import type { Limit } from "./exported.ts";
import { isOfExit } from "./routeros-command.ts";

/** Always some: RouterOS has its own firewall, and one rp-filter for all interfaces. */
export const limitsOf = (state: NodeState): Limit[] => [
  ...forwards(state),
  ...uplinks(state),
  ...exits(state),
  ...mtus(state),
  ...segments(state),
  ...(state.routes.some(({ prefix }) => familyOf(prefix) === 6)
    ? [
        {
          lacks: "the source address of IPv6 routes",
          instead:
            "RouterOS takes the tunnel interface's own, which is the node's overlay address: the same.",
        },
      ]
    : []),
  {
    lacks: "rp_filter of each tunnel interface",
    instead:
      "RouterOS has one setting for all: /ip/settings rp-filter must be no or loose. The script refuses to run where it is strict.",
  },
  {
    lacks: `the router's own input chain, which RouterOS's default drops from tunnels and the internet`,
    instead: `Accept UDP ${state.interfaces.map(({ listenPort }) => listenPort).join(",")} there from the internet, and what you want of in-interface-list=tofro, pings among it.`,
  },
];

function forwards({ firewall }: NodeState): Limit[] {
  if (firewall.forwards === undefined) return [];
  return [
    {
      lacks: `forwarding for ${firewall.forwards.map(({ forwarder }) => forwarder).join(", ")}`,
      instead:
        "RouterOS cannot tell WireGuard's packets from others. Those tunnels do not come up: let a Linux or OpenWrt node forward, by its `on:`.",
    },
  ];
}

function uplinks({ rules, interfaces }: NodeState): Limit[] {
  const marks = new Set(rules.filter(isOfUplink).map(({ fwmark }) => fwmark));
  const led = interfaces.filter(({ fwmark }) => marks.has(fwmark));
  if (led.length === 0) return [];
  return [
    {
      lacks: `leading ${led.map(({ name, peer }) => `${name} out by ${peer.uplink}`).join(", ")}`,
      instead:
        "RouterOS cannot mark a tunnel's own packets. They leave by its default route: give each endpoint a route of its own by the uplink, or put a Linux machine in front of it.",
    },
  ];
}

function exits(state: NodeState): Limit[] {
  const { exits: part } = state.firewall;
  const carried = state.rules.filter((rule) => rule.iif !== undefined && isOfExit(state, rule));
  const isLeaving =
    state.interfaces.some(({ fwmark }) => fwmark === FWMARK) ||
    state.rules.some((rule) => rule.iif === undefined && !isOfUplink(rule));
  const sources = (all: readonly { readonly from: string }[]): string =>
    all.map(({ from }) => from).join(", ");
  return [
    ...(isLeaving
      ? [
          {
            lacks: `its own way to an exit${part?.killSwitch === undefined ? "" : " and the kill switch"}`,
            instead:
              "RouterOS cannot mark a tunnel's own packets, so they would go into the tunnel. It goes on using its own uplink: remove its `exit_via`, or put a Linux machine in front of it.",
          },
        ]
      : []),
    ...(part?.dns === undefined
      ? []
      : [
          {
            lacks: `asking ${part.dns.resolvers.join(", ")} for names`,
            instead: "It goes on asking whom it asks now: set /ip/dns servers.",
          },
        ]),
    ...(carried.length > 0
      ? [
          {
            lacks: `carrying traffic for the internet, of ${sources(carried)}`,
            instead: "That traffic is dropped here: lead its path to the exit by another node.",
          },
        ]
      : []),
    ...(part !== undefined && part.leaving.length > 0
      ? [
          {
            lacks: `being an exit, for ${part.leaving.map(({ source }) => source).join(", ")}`,
            instead:
              "RouterOS cannot masquerade by the interface that a packet came in by. That traffic is dropped here: let a Linux node be the exit.",
          },
        ]
      : []),
    ...(part !== undefined && part.answers.length > 0
      ? [
          {
            lacks: `answers of the internet, by ${part.answers.join(", ")}`,
            instead: "They are dropped here: lead the way back from the exit by another node.",
          },
        ]
      : []),
  ];
}

function mtus({ routes }: NodeState): Limit[] {
  const narrow = routes.filter(({ mtu, prefix }) => mtu !== undefined && lengthOf(prefix) !== 0);
  if (narrow.length === 0) return [];
  return [
    {
      lacks: `the MTU of routes: ${narrow.map(({ prefix, mtu }) => `${mtu} to ${prefix}`).join(", ")}`,
      instead:
        "Path-MTU discovery finds it at the cost of a lost packet for each new destination. Or set the smallest of them as `mtu:` of the node.",
    },
  ];
}

/** The firewall can only make it smaller than what RouterOS derives from the interface; rules of other tables it does not see. */
function segments({ routes, interfaces }: NodeState): Limit[] {
  const derived = ({ interface: name, prefix }: Route): number =>
    interfaces.find((each) => each.name === name)!.mtu - (familyOf(prefix) === 4 ? 40 : 60);
  const larger = routes.filter(
    (route) =>
      route.advmss !== undefined &&
      lengthOf(route.prefix) !== 0 &&
      (route.advmss > derived(route) || route.table !== "main"),
  );
  if (larger.length === 0) return [];
  return [
    {
      lacks: `the TCP MSS ${larger.map(({ prefix, advmss }) => `${advmss} to ${prefix}`).join(", ")}`,
      instead: "RouterOS announces what fits the way there; segments come back smaller than they could be.",
    },
  ];
}
