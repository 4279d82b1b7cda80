// The oracle: pushes packets through the NodeStates as the kernel would and says whether every direction does what the file says.
//
// It knows nothing of how the plan was made: the states and the file are all it sees.
import { hasErrors, start } from "../error.ts";
import type { Diagnostic } from "../error.ts";
import type { NodeState } from "../node-state.ts";
import type { PathSpec, Spec } from "../spec.ts";
import { directionOf, firstHost, flowsOf } from "./direction.ts";
import type { Direction } from "./direction.ts";
import { errorLosses } from "./errors.ts";
import { Findings } from "./findings.ts";
import { judge } from "./flow.ts";
import type { Verdict } from "./flow.ts";
import { judgeExits } from "./internet.ts";
import { arrows, linesOf } from "./line.ts";
import { buildMachines } from "./machine.ts";
import type { HostOptions, Machine } from "./machine.ts";
import { addressOf, reachOf } from "./reach.ts";
import { judgeUplinks } from "./uplinks.ts";
import { lossOf, walk } from "./walk.ts";

export interface CheckResult {
  /** No errors; there may be warnings. */
  readonly ok: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** Every pair that must reach each other, in the order of the states. */
  readonly directions: readonly Direction[];
}

/** Verdicts on all ordered pairs. */
export function check(spec: Spec, states: readonly NodeState[], options: HostOptions = {}): CheckResult {
  const machines = buildMachines(states, options, spec);
  const lineFor = linesOf(spec);
  const reach = reachOf(spec, machines, lineFor);
  const errorLoss = errorLosses(machines.length);
  const lans = new Map(
    spec.nodes.map(({ name, prefixes }) => [name, prefixes.map(({ value }) => firstHost(value))]),
  );
  const findings = new Findings();
  const directions: Direction[] = [];
  reportMissing(spec, machines, findings);
  reportAlone(spec, machines, findings);
  reportShared(spec, machines, findings);
  for (const from of machines) {
    for (const to of machines) {
      if (from === to) continue;
      const expected = reach(from, to);
      if (expected === "forbidden") reportLeak(spec, from, to, findings);
      if (expected !== "required") continue;
      const line = lineFor(from.name, to.name);
      const flows = flowsOf(from, to, lans);
      if (flows.length === 0 && !line) continue;
      const verdicts = flows.map((flow) => judge(flow, line, errorLoss));
      const direction = directionOf(from, to, verdicts);
      directions.push(direction);
      report(spec, line, direction, verdicts, findings);
    }
  }
  judgeExits(spec, states, lineFor, findings);
  judgeUplinks(spec, states, findings);
  const diagnostics = findings.diagnostics();
  return { ok: !hasErrors(diagnostics), diagnostics, directions };
}

function report(
  spec: Spec,
  line: PathSpec | undefined,
  { from, to, broken }: Direction,
  verdicts: readonly Verdict[],
  findings: Findings,
): void {
  const at = line?.at ?? start(spec.file);
  if (broken) {
    const message = `${from} -> ${to}: ${broken.message}`;
    findings.add({ code: broken.reason, severity: "error", at, node: broken.at, message });
  }
  for (const { node, message } of verdicts.flatMap(({ silent }) => silent)) {
    const severity = line ? "error" : "warning";
    findings.add({ code: "silent-transit", severity, at, node, message: `${from} -> ${to}: ${message}` });
  }
}

/** `isolate`: nobody reaches whom no line names, but for the two ends of a tunnel, which measure it (STAMP). */
function reportLeak(spec: Spec, from: Machine, to: Machine, findings: Findings): void {
  for (const family of [4, 6] as const) {
    const destination = addressOf(to, family);
    const walked = destination && walk(from, destination);
    if (!walked || walked.exits.length === 1 || lossOf(walked, to)) continue;
    const message = `${from.name} reaches ${to.name} (${arrows(walked)}), which no line names`;
    findings.add({ code: "not-isolated", severity: "error", at: start(spec.file), node: from.name, message });
    return;
  }
}

function reportMissing(spec: Spec, machines: readonly Machine[], findings: Findings): void {
  const present = new Set(machines.map(({ name }) => name));
  for (const { name, at } of spec.nodes) {
    if (present.has(name)) continue;
    const message = `there is no state for node ${name}`;
    findings.add({ code: "no-state", severity: "error", at, node: name, message });
  }
}

/** A node to which no tunnel leads: `all` lines ask only for what is possible. */
function reportAlone(spec: Spec, machines: readonly Machine[], findings: Findings): void {
  const alone = new Set(machines.filter(({ ports }) => ports.size === 0).map(({ name }) => name));
  const all = alone.size === machines.length;
  for (const { on } of spec.forwarders) if (on) alone.delete(on.value);
  for (const { name, at, endpoint } of spec.nodes) {
    if (!alone.has(name) || spec.nodes.length === 1) continue;
    const why = endpoint === undefined ? "; nobody it shares a line with can be dialled" : "";
    const message = `${name} has no tunnel: it is unreachable${why}`;
    findings.add({ code: "no-tunnel", severity: all ? "error" : "warning", at, node: name, message });
  }
}

/** Two tunnels that are dialled at one place: whatever listens there answers for one of them only. */
function reportShared(spec: Spec, machines: readonly Machine[], findings: Findings): void {
  const dialled = new Map<string, { tunnel: string; node: string }>();
  for (const { ports } of machines) {
    for (const { state } of ports.values()) {
      if (state.peer.endpoint === undefined) continue;
      const { host, port } = state.peer.endpoint;
      const place = `${host.replace(/[.]$/, "").toLowerCase()} port ${port}`;
      const first = dialled.get(place);
      dialled.set(place, first ?? { tunnel: state.tunnel, node: state.peer.node });
      if (first === undefined || first.tunnel === state.tunnel) continue;
      const node = state.peer.node;
      const at = spec.nodes.find(({ name }) => name === node)?.at ?? start(spec.file);
      const message = `${state.tunnel} and ${first.tunnel} are both dialled at ${place}`;
      findings.add({ code: "shared-endpoint", severity: "error", at, node, message });
    }
  }
}
