// What a keeper does to hold a machine at its state: from what was seen, the changes that are an agent's to make.
import type { Change, Changes } from "../core/diff.ts";
import { diff } from "../core/diff.ts";
import { NOTHING, routeKey, ruleKey, type MachineState } from "../core/machine-state.ts";
import type { NodeState } from "../core/node-state.ts";
import type { Observed } from "../core/observed.ts";
import { planTarget } from "../core/target.ts";
import { routeDelete, routeReplace, ruleAdd, ruleDelete } from "../render/iproute.ts";

/**
 * Leads from what was seen to the state. Left out is what is apply's business: sysctls that it has not noted the former
 * values of, and peers that were heard from elsewhere (they have roamed; the follow script sees to those that are silent).
 */
export function repairs(
  state: NodeState,
  observed: Observed,
  presharedKeyPrints: ReadonlyMap<string, string>,
): Change[] {
  const target = planTarget(state, observed, presharedKeyPrints).state;
  const { widen, move, narrow } = diff(observed.state, target);
  const known = new Set([...state.sysctls, ...observed.was].map(({ key }) => key));
  return [...widen, ...move, ...narrow].flatMap((change) => {
    if (change.kind === "sysctl" && !known.has(change.key)) return [];
    return change.kind === "wireguard" ? withoutRoaming(change, observed) : [change];
  });
}

function withoutRoaming(
  change: Extract<Change, { readonly kind: "wireguard" }>,
  { state }: Observed,
): Change[] {
  const { peer, ...others } = change.set;
  const present = state.interfaces.get(change.name)?.peer;
  if (peer?.endpoint === undefined || present?.endpoint === undefined) return [change];
  if (present.publicKey !== peer.publicKey) return [change];
  const { endpoint: _endpoint, publicKey, ...rest } = peer;
  const set = { ...others, ...(Object.keys(rest).length === 0 ? {} : { peer: { publicKey, ...rest } }) };
  return Object.keys(set).length === 0 ? [] : [{ ...change, set }];
}

/** Words for `ip -batch` from one state's routes and rules to another's; undefined when more than these differ. */
export function moves(from: NodeState, to: NodeState): string[] | undefined {
  if (!isSameBut(from, to)) return undefined;
  const { move, narrow } = betweenRoutes(from, to);
  return [...move, ...narrow]
    .sort((x, y) => rank(x) - rank(y))
    .map((change) => {
      switch (change.kind) {
        case "route-replace":
          return routeReplace(change.route);
        case "route-delete":
          return routeDelete(change.route);
        case "rule-add":
          return ruleAdd(change.rule);
        case "rule-delete":
          return ruleDelete(change.rule);
        default:
          throw new Error(`routes and rules alone do not lead to ${change.kind}`);
      }
    });
}

/** A pair that stays where it is gets its rule before the route moves under it, and loses it behind that. */
function rank(change: Change): number {
  if (change.kind === "route-replace") return change.route.table === "main" ? 2 : 0;
  return { "rule-add": 1, "rule-delete": 3, "route-delete": 4 }[change.kind as string] ?? 5;
}

/** Both have the same interfaces, so that no route goes with one. */
function betweenRoutes(from: NodeState, to: NodeState): Changes {
  const ofRoutes = ({ routes, rules, interfaces }: NodeState): MachineState => ({
    ...NOTHING,
    interfaces: new Map(
      interfaces.map(({ name, tunnel, mtu, listenPort, publicKey }) => [
        name,
        { name, tunnel, mtu, up: true, addresses: [], listenPort, publicKey },
      ]),
    ),
    routes: new Map(routes.map((route) => [routeKey(route), route])),
    rules: new Map(rules.map((rule) => [ruleKey(rule), rule])),
  });
  return diff(ofRoutes(from), ofRoutes(to));
}

function isSameBut(from: NodeState, to: NodeState): boolean {
  const rest = ({ routes: _routes, rules: _rules, ...others }: NodeState): string => JSON.stringify(others);
  return rest(from) === rest(to);
}
