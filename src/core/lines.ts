// Which line of the file speaks for which ordered pair of nodes.
import type { Hop, PathSpec, Spec } from "./spec.ts";
import { canDial } from "./uplinks.ts";

/** An ordered pair of node indices as one number: `from * nodes + to`. */
export type PairKey = number;

/** How many ends a line names: an explicit line overrides `a => all`, which overrides `all => all`. */
const specificity = (path: PathSpec): number => Number(path.from !== "all") + Number(path.to !== "all");

/** Node names to their indices in the file's order. */
export const nodeIndices = (spec: Spec): Map<string, number> =>
  new Map(spec.nodes.map((node, index) => [node.name, index]));

/** The hops that a pinned line means for one of its pairs: `all` at its end replaced by the node. */
export const hopsTo = (hops: readonly Hop[], to: string): Hop[] =>
  hops.map((hop, index) => (index === hops.length - 1 ? { ...hop, to } : hop));

/**
 * The most specific line of every named pair, `all` expanded. Among equally specific lines the first in the file wins;
 * contradictory ones have been refused before. A pinned `all` line leaves out the pairs that cannot follow it: where
 * neither end of a hop can be dialled, or where an end is also in the middle.
 */
export function linesByPair(spec: Spec): ReadonlyMap<PairKey, PathSpec> {
  const known = found.get(spec);
  if (known !== undefined) return known;
  const made = expanded(spec);
  found.set(spec, made);
  return made;
}

/** The pairs whose way is chosen by measurement. */
export const measuredPairs = (spec: Spec): PairKey[] =>
  [...linesByPair(spec)].flatMap(([pair, { kind }]) => (kind === "measured" ? [pair] : []));

/** A spec never changes, and who follows choices asks again with each. */
const found = new WeakMap<Spec, ReadonlyMap<PairKey, PathSpec>>();

function expanded(spec: Spec): Map<PairKey, PathSpec> {
  const indices = nodeIndices(spec);
  const everyone = [...indices.values()];
  const ends = (name: string): readonly number[] => (name === "all" ? everyone : [indices.get(name)!]);
  const byPair = new Map<PairKey, PathSpec>();
  for (const level of [2, 1, 0]) {
    for (const path of spec.paths) {
      if (specificity(path) !== level) continue;
      for (const from of ends(path.from)) {
        for (const to of ends(path.to)) {
          const key = from * everyone.length + to;
          if (from === to || byPair.has(key)) continue;
          if (level === 2 || canFollow(spec, indices, path, from, to)) byPair.set(key, path);
        }
      }
    }
  }
  return byPair;
}

function canFollow(
  spec: Spec,
  indices: ReadonlyMap<string, number>,
  path: PathSpec,
  from: number,
  to: number,
): boolean {
  if (path.kind === "measured") return true;
  const seen = new Set([from]);
  let at = from;
  return hopsTo(path.hops, spec.nodes[to]!.name).every((hop) => {
    const next = indices.get(hop.to)!;
    const possible = hop.forwarder !== undefined || canDial(spec.nodes[at]!, spec.nodes[next]!, hop.uplink);
    const fresh = !seen.has(next);
    seen.add(next);
    at = next;
    return possible && fresh;
  });
}
