// One flow from a node (or a host behind it) to another, judged: it arrives, by the path its line says, and its source hears of errors.
import type { PathSpec } from "../spec.ts";
import type { ErrorLoss } from "./errors.ts";
import type { Reason } from "./kernel.ts";
import { arrows, deviation } from "./line.ts";
import type { Machine, TunnelExit } from "./machine.ts";
import type { Host } from "./prefix-map.ts";
import { lossOf, mtuOf, narrowings, pathOf, walk } from "./walk.ts";
import type { Walk } from "./walk.ts";

export interface Flow {
  readonly from: Machine;
  readonly to: Machine;
  readonly destination: Host;
  /** The source, when it is a host behind `from`. */
  readonly behind?: Host;
}

/** Where and why packets of a direction do not do what they should. */
export interface Broken {
  /** Name of the node. */
  readonly at: string;
  readonly reason: Reason;
  readonly message: string;
}

export interface Verdict {
  readonly walked: Walk;
  /** Largest packet in bytes that comes through; 0 when none does. */
  readonly mtu: number;
  readonly broken?: Broken;
  /** Transits that traceroute from the source does not show, and why. */
  readonly silent: readonly { readonly node: string; readonly message: string }[];
}

export function judge(flow: Flow, line: PathSpec | undefined, errorLoss: ErrorLoss): Verdict {
  const walked = walk(flow.from, flow.destination, flow.behind);
  const loss = lossOf(walked, flow.to);
  if (loss) {
    const broken = { at: walked.last.name, reason: loss.reason, message: loss.message };
    return { walked, mtu: 0, broken, silent: [] };
  }
  const silent: { node: string; message: string }[] = [];
  let blind: Broken | undefined;
  const narrow = narrowings(walked);
  for (const exit of walked.exits.slice(1)) {
    const transit = exit.port.machine;
    const why = walked.source && errorLoss(transit, walked.source, flow.from);
    if (why === undefined) continue;
    const errors = `its errors to ${walked.source?.address} are lost ${why}`;
    if (!blind && narrow.includes(exit)) {
      const message = `path-MTU discovery is blind: ${transit.name} passes ${exit.mtu} bytes at most, and ${errors}`;
      blind = { at: transit.name, reason: "mtu-blind", message };
    } else silent.push({ node: transit.name, message: `${transit.name} is not seen on the way: ${errors}` });
  }
  const broken = detour(walked, line) ?? blind ?? oversized(flow, walked, narrow[0]);
  return { walked, mtu: mtuOf(walked), silent, ...(broken && { broken }) };
}

/** The way's first machine knows its MTU: left to path-MTU discovery, every connection would begin with a loss. */
function oversized(flow: Flow, walked: Walk, narrow: TunnelExit | undefined): Broken | undefined {
  // A host behind the node does not see our routes: it has to discover.
  if (narrow === undefined || flow.behind !== undefined) return undefined;
  const { from } = flow;
  const sends = `at ${from.name}: it sends up to ${walked.exits[0]?.mtu} bytes to ${walked.last.name}`;
  const message = `${sends}, but ${narrow.port.machine.name} passes ${narrow.mtu} at most by ${narrow.port.state.name}`;
  return { at: from.name, reason: "mtu-mismatch", message };
}

/** Another path than the line's, or one that passes a node twice. */
function detour(walked: Walk, line: PathSpec | undefined): Broken | undefined {
  const wrong = line && deviation(line, walked);
  if (wrong) return { at: wrong.at, reason: "wrong-path", message: `at ${wrong.at}: ${wrong.why}` };
  const path = pathOf(walked);
  if (path.length === walked.exits.length + 1) return undefined;
  const at = path.at(-1)!;
  return { at, reason: "wrong-path", message: `at ${at}: packets pass twice: ${path.join(" -> ")}` };
}

/** Two flows of one direction that part on the way. */
export function parting(one: Walk, other: Walk): Broken | undefined {
  const length = Math.max(one.exits.length, other.exits.length);
  for (let index = 0; index < length; index++) {
    const [a, b] = [one.exits[index]?.port, other.exits[index]?.port];
    if (a === b) continue;
    const at = (a ?? b)!.machine.name;
    const packets = `packets from ${other.source?.address} go ${arrows(other)}`;
    const message = `at ${at}: ${packets}, those from ${one.source?.address} go ${arrows(one)}`;
    return { at, reason: "wrong-path", message };
  }
  return undefined;
}
