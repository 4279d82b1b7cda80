// All flows of one ordered pair, made one verdict: both families, and the hosts behind both nodes.
import { familyOf, format, rangeOf } from "../address.ts";
import type { Family, Prefix } from "../address.ts";
import { parting } from "./flow.ts";
import type { Broken, Flow, Verdict } from "./flow.ts";
import type { Machine } from "./machine.ts";
import { hostOf } from "./prefix-map.ts";
import type { Host } from "./prefix-map.ts";
import { addressOf } from "./reach.ts";
import { pathOf } from "./walk.ts";

/** One ordered pair, part of the `--json` shape of `tofro check`. */
export interface Direction {
  readonly from: string;
  readonly to: string;
  /** Node names, both ends included; up to where packets die if they do. */
  readonly path: readonly string[];
  /** Tunnel ids, one a hop. */
  readonly tunnels: readonly string[];
  /** Largest packet in bytes that comes through; 0 when none does. */
  readonly mtu: number;
  readonly broken?: Broken;
}

const FAMILIES: readonly Family[] = [4, 6];
const NO_HOSTS: readonly Host[] = [];

/** A host behind each node for each of its prefixes, by the node's name. */
export type Lans = ReadonlyMap<string, readonly Host[]>;

/** The flows to try, those between the nodes' own addresses first. */
export function flowsOf(from: Machine, to: Machine, lans: Lans): Flow[] {
  const sources = lans.get(from.name) ?? NO_HOSTS;
  const targets = lans.get(to.name) ?? NO_HOSTS;
  const flows: Flow[] = [];
  const behind: Flow[] = [];
  for (const family of FAMILIES) {
    const destination = addressOf(to, family);
    const own = addressOf(from, family);
    if (destination && own) flows.push({ from, to, destination });
    for (const target of targets) {
      if (own && target.family === family) behind.push({ from, to, destination: target });
    }
    for (const source of sources) {
      if (source.family !== family) continue;
      if (destination) behind.push({ from, to, destination, behind: source });
      for (const target of targets) {
        if (target.family === family) behind.push({ from, to, destination: target, behind: source });
      }
    }
  }
  return behind.length === 0 ? flows : [...flows, ...behind];
}

/** IPv4 speaks for the path if it is there; the first flow that is broken speaks for what is wrong. */
export function directionOf(from: Machine, to: Machine, verdicts: readonly Verdict[]): Direction {
  const ends = { from: from.name, to: to.name };
  const [first, ...others] = verdicts;
  if (!first) {
    const message = `at ${from.name}: it has no address of a family that ${to.name} has`;
    return {
      ...ends,
      path: [from.name],
      tunnels: [],
      mtu: 0,
      broken: { at: from.name, reason: "no-route", message },
    };
  }
  let broken = first.broken ?? others.find((verdict) => verdict.broken)?.broken;
  let { mtu } = first;
  for (const other of others) {
    broken ??= parting(first.walked, other.walked);
    mtu = Math.min(mtu, other.mtu);
  }
  const path = pathOf(first.walked);
  const tunnels = first.walked.exits.slice(0, path.length - 1).map(({ port }) => port.state.tunnel);
  return { ...ends, path, tunnels, mtu, ...(broken && { broken }) };
}

/** The host that stands for a prefix: the first after the network's own address. */
export function firstHost(prefix: Prefix): Host {
  const { first, last } = rangeOf(prefix);
  return hostOf(format(familyOf(prefix), last - first < 2n ? first : first + 1n));
}
