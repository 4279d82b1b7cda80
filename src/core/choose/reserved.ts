// Relays that carry certain pairs only, as `carries: { only: … }` says.
import type { PairKey } from "../lines.ts";
import type { Spec } from "../spec.ts";

/** By node, the pairs that it may carry; nodes that carry any are left out. */
export type Reserved = ReadonlyMap<number, ReadonlySet<PairKey>>;

export function reservedOf({ nodes }: Spec): Reserved {
  const indices = new Map(nodes.map(({ name }, index) => [name, index]));
  const everyone = [...indices.values()];
  const ends = (name: string): readonly number[] => (name === "all" ? everyone : [indices.get(name)!]);
  return new Map(
    nodes.flatMap(({ carries }, relay) => {
      if (carries?.only === undefined) return [];
      const pairs = carries.only.flatMap(({ from, to }) =>
        ends(from).flatMap((x) =>
          ends(to).flatMap((y) => (x === y || x === relay || y === relay ? [] : [x * everyone.length + y])),
        ),
      );
      return [[relay, new Set(pairs)] as const];
    }),
  );
}
