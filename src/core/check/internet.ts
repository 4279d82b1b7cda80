// Exits: a node's packets for the internet leave where the file says, by the paths between the two, and nothing else does.
import { format, overlaps, parseAddress } from "../address.ts";
import type { Family, Prefix } from "../address.ts";
import type { NodeState } from "../node-state.ts";
import type { LeavesSpec, Spec, UplinkSpec } from "../spec.ts";
import { firstHost } from "./direction.ts";
import type { Fault, Findings } from "./findings.ts";
import { deviation, type LineFor } from "./line.ts";
import { lookup } from "./lookup.ts";
import { buildMachines, type Machine } from "./machine.ts";
import { hostOf, type Host } from "./prefix-map.ts";
import { dnsFaults } from "./resolvers.ts";
import { lossOf, pathOf, walk, type Walk } from "./walk.ts";

/** Reports what is wrong with each node's exit, at `exit_via`. */
export function judgeExits(
  spec: Spec,
  states: readonly NodeState[],
  lineFor: LineFor,
  findings: Findings,
): void {
  if (!spec.nodes.some(({ leaves }) => leaves !== undefined)) return;
  // Machines that are on the internet have a default route.
  const machines = buildMachines(states, { defaultRoute: true }, spec);
  const named = new Map(machines.map((machine) => [machine.name, machine]));
  for (const { name, leaves, prefixes, uplinks = [] } of spec.nodes) {
    const [from, exit] = [named.get(name), named.get(leaves?.via.value ?? "")];
    if (leaves === undefined || from === undefined || exit === undefined) continue;
    const state = states.find(({ node }) => node === name)!;
    const behind = prefixes.map(({ value }) => firstHost(value));
    for (const { at, code, message } of [
      ...[...from.local.values()].flatMap((own) => {
        const outside = outsideOf(spec, leaves, own.family);
        const lan = behind.filter(({ family }) => family === own.family);
        return outside === undefined
          ? []
          : [
              ...[outside, ...resolversOf(spec, exit.name, own.family)].flatMap((each) =>
                faultsOf({ from, exit, own, lan, outside: each }, lineFor),
              ),
              ...uplinkFaults(from, leaves, uplinks, outside),
            ];
      }),
      ...killSwitchFaults(state, leaves),
      ...dnsFaults({ from, exit, state, leaves, behind }),
    ])
      findings.add({ code, severity: "error", at: leaves.via.at, node: at, message });
  }
}

interface Pair {
  readonly from: Machine;
  readonly exit: Machine;
  readonly own: Host;
  readonly lan: readonly Host[];
  readonly outside: Host;
}

function faultsOf({ from, exit, own, lan, outside }: Pair, lineFor: LineFor): Fault[] {
  const what = `${from.name} to the internet by ${exit.name}`;
  const there = [undefined, ...lan].flatMap((source) => {
    const walked = walk(from, outside, source);
    const { end, last } = walked;
    const wrong: Fault | undefined =
      end.kind === "drop"
        ? { at: last.name, code: end.reason, message: end.message }
        : end.kind === "internet" && last === exit
          ? undefined
          : { at: last.name, code: "wrong-destination", message: `at ${last.name}: the packets end there` };
    return wrong ?? detour(walked, from, exit, lineFor) ?? [];
  });
  const back = [own, ...lan].flatMap((target) => {
    const walked = walk(exit, target, outside);
    const loss = lossOf(walked, from);
    return loss
      ? { at: walked.last.name, code: loss.reason, message: loss.message }
      : (detour(walked, exit, from, lineFor) ?? []);
  });
  return [
    ...there.map((each) => ({ ...each, message: `${what}: ${each.message}` })),
    ...back.map((each) => ({ ...each, message: `answers to ${what}: ${each.message}` })),
  ];
}

function detour(walked: Walk, from: Machine, to: Machine, lineFor: LineFor): Fault | undefined {
  const line = lineFor(from.name, to.name);
  const wrong = line && deviation(line, walked);
  if (wrong) return { at: wrong.at, code: "wrong-path", message: `at ${wrong.at}: ${wrong.why}` };
  const path = pathOf(walked);
  if (new Set(path).size === path.length && path.length === walked.exits.length + 1) return undefined;
  const at = path.at(-1)!;
  return { at, code: "wrong-path", message: `at ${at}: packets pass twice: ${path.join(" -> ")}` };
}

/** What answers from another address, is excepted or is the tunnels' own goes on by the uplink. */
function uplinkFaults(
  from: Machine,
  { except }: LeavesSpec,
  uplinks: readonly UplinkSpec[],
  outside: Host,
): Fault[] {
  const bound = hostOf(format(outside.family, outside.value + 1n));
  const spared = except
    .map(({ value }) => firstHost(value))
    .filter(({ family }) => family === outside.family);
  // Those that are led to another uplink are `judgeUplinks`' business.
  const led = new Set(uplinks.flatMap(({ name, table }) => (table ? [name] : [])));
  const marks = new Set(
    [...from.ports.values()].flatMap(({ state }) => (led.has(state.peer.uplink ?? "") ? [] : [state.fwmark])),
  );
  const ways = [
    { what: "answers from its uplink's address", found: lookup(from, "lo", bound, outside) },
    ...spared.map((host) => ({
      what: `packets to ${host.address}, which is excepted,`,
      found: lookup(from, "lo", undefined, host),
    })),
    ...[...marks].map((mark) => ({
      what: "its tunnels' own packets",
      found: lookup(from, "lo", undefined, outside, mark),
    })),
  ];
  return ways.flatMap(({ what, found }): Fault[] =>
    found?.kind === "uplink"
      ? []
      : [
          {
            at: from.name,
            code: "wrong-path",
            message: `at ${from.name}: ${what} do not leave by its own uplink`,
          },
        ],
  );
}

function killSwitchFaults({ node, firewall }: NodeState, { killSwitch, except }: LeavesSpec): Fault[] {
  const present = firewall.exits?.killSwitch;
  const spares = new Set<Prefix>(present?.except);
  const wanted = except.map(({ value }) => value);
  const isAsSaid =
    killSwitch === (present !== undefined) &&
    (!killSwitch || (spares.size === wanted.length && wanted.every((each) => spares.has(each))));
  if (isAsSaid) return [];
  const message = `at ${node}: the kill switch is not as the file says`;
  return [{ at: node, code: "kill-switch", message }];
}

/** In the internet, and led elsewhere by the exit itself for its own queries. */
const resolversOf = ({ nodes, overlays }: Spec, exit: string, family: Family): Host[] =>
  (nodes.find(({ name }) => name === exit)?.leaves?.dns ?? [])
    .map(({ value }) => hostOf(value))
    .filter((host) => host.family === family)
    .filter(
      ({ prefix }) =>
        ![...overlays, ...nodes.flatMap((node) => node.prefixes)].some(({ value }) =>
          overlaps(value, prefix),
        ),
    );

/** Addresses that nobody has, spread so that some are not excepted: the first, or one in each eighth of the space. */
const CANDIDATES: Readonly<Record<Family, readonly string[]>> = {
  4: ["192.0.0.8", ...[1, 33, 65, 97, 129, 161, 193, 223].map((first) => `${first}.255.0.8`)],
  6: ["100::8", ...[2, 3].map((first) => `${first}f00:ffff::8`)],
};

function outsideOf(spec: Spec, { except }: LeavesSpec, family: Family): Host | undefined {
  const taken = [...spec.overlays, ...except, ...spec.nodes.flatMap(({ prefixes }) => prefixes)];
  return CANDIDATES[family]
    .map((text) => hostOf(parseAddress(text)!))
    .find(({ prefix }) => !taken.some(({ value }) => overlaps(value, prefix)));
}
