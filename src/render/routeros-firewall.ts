// The plan's guard in RouterOS's words: what may arrive by a tunnel, what may be forwarded, and the MSS.
import { familyOf, type Family, type Prefix } from "../core/address.ts";
import type { NodeState, Route } from "../core/node-state.ts";
import { command, MARK } from "./routeros-command.ts";

const FAMILIES = [4, 6] as const;
const TUNNELS = ["in-interface-list", MARK] as const;
const BEHIND = `${MARK}-behind`;
const JUMP = `${MARK}: jump`;
/** Sources that may arrive by a tunnel. */
const arrivalList = (name: string): string => `${MARK}-${name}`;

/** Of both families, those that the node has no address of as well: nothing of them may pass. */
export const firewallOf = (state: NodeState): string[] =>
  FAMILIES.flatMap((family) => ofFamily(state, family));

function ofFamily(state: NodeState, family: Family): string[] {
  const menu = `${family === 4 ? "/ip" : "/ipv6"}/firewall`;
  const own = (prefix: Prefix): boolean => familyOf(prefix) === family;
  const behind = state.firewall.prefixes.filter(own);
  const listed = (list: string, prefixes: readonly Prefix[]): string[] =>
    prefixes.map((prefix) =>
      command(`${menu}/address-list/add`, [
        ["list", list],
        ["address", prefix],
      ]),
    );
  return [
    ...listed(BEHIND, behind),
    ...state.interfaces.flatMap(({ name }) => {
      const sources = state.firewall.arrivals.flatMap((each) =>
        each.interface === name && own(each.source) ? [each.source] : [],
      );
      return [
        ...listed(arrivalList(name), sources),
        command(`${menu}/raw/add`, [
          "chain=prerouting",
          "action=drop",
          ["in-interface", name],
          // Where no source may arrive the list is not there, and everything is dropped.
          ...(sources.length === 0 ? [] : [["src-address-list", `!${arrivalList(name)}`] as const]),
        ]),
      ];
    }),
    ...(state.firewall.transits.length === 0 ? [] : [untrack(menu, behind.length > 0)]),
    ...passing(state, menu, behind.length > 0),
    ...mssOf(state, menu, family),
  ];
}

/** A transit sees one direction only, which to conntrack is invalid. */
const untrack = (menu: string, hasBehind: boolean): string =>
  command(`${menu}/raw/add`, [
    "chain=prerouting",
    "action=notrack",
    TUNNELS,
    "dst-address-type=!local",
    ...(hasBehind ? [["dst-address-list", `!${BEHIND}`] as const] : []),
  ]);

/** Before the router's own rules, which could drop what passes, or let pass what the plan does not. */
const passing = ({ firewall }: NodeState, menu: string, hasBehind: boolean): string[] => {
  const add = (...words: Parameters<typeof command>[1]): string =>
    command(`${menu}/filter/add`, [`chain=${MARK}`, ...words]);
  return [
    ...firewall.transits.map((pair) =>
      add("action=accept", ["in-interface", pair.in], ["out-interface", pair.out]),
    ),
    add("action=drop", ["out-interface-list", MARK]),
    add("action=accept", "connection-nat-state=dstnat"),
    ...(hasBehind ? [add("action=accept", ["dst-address-list", BEHIND])] : []),
    add("action=drop"),
    command(`${menu}/filter/add`, ["chain=forward", "action=jump", `jump-target=${MARK}`, TUNNELS], JUMP),
    // Where it is the only one there is nothing to move it before.
    `:do { ${menu}/filter/move [find where comment="${JUMP}"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule '${JUMP}' stands first in ${menu}/filter" }`,
  ];
};

/** Only ever made smaller; SYN and SYN-ACK alike. */
const smaller = (menu: string, size: number, ...words: Parameters<typeof command>[1]): string =>
  command(`${menu}/mangle/add`, [
    ...words,
    "action=change-mss",
    `new-mss=${size}`,
    "protocol=tcp",
    "tcp-flags=syn",
    `tcp-mss=${size + 1}-65535`,
    "passthrough=yes",
  ]);

function mssOf({ firewall, routes }: NodeState, menu: string, family: Family): string[] {
  const size = family === 4 ? firewall.mss?.v4 : firewall.mss?.v6;
  const own = routes.filter((route): route is Route & { advmss: number } => announces(route, family));
  return [
    ...(size === undefined
      ? []
      : (["in-interface-list", "out-interface-list"] as const).map((side) =>
          smaller(menu, size, "chain=forward", [side, MARK]),
        )),
    // The router's own connections: what it announces is for the way back.
    ...own.map((route) =>
      smaller(
        menu,
        route.advmss,
        "chain=output",
        ["out-interface", route.interface],
        ["dst-address", route.prefix],
      ),
    ),
  ];
}

const announces = ({ advmss, prefix, table }: Route, family: Family): boolean =>
  advmss !== undefined && table === "main" && familyOf(prefix) === family;
