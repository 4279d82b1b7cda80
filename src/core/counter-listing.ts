// What `nft -j list table` says of sets whose elements count, and of named counters.
import { z } from "zod";

export interface Volume {
  readonly packets: number;
  readonly bytes: number;
}

/** One element: its concatenated key, and what it counted. */
interface CountedElement extends Volume {
  readonly key: readonly string[];
}

export interface CounterListing {
  readonly sets: ReadonlyMap<string, readonly CountedElement[]>;
  readonly counters: ReadonlyMap<string, Volume>;
}

const volume = z.object({ packets: z.number(), bytes: z.number() });
const counted = z.object({
  elem: z.object({
    // An interface that is gone is told by its index.
    val: z.object({ concat: z.array(z.union([z.string(), z.number()])) }),
    counter: volume,
  }),
});
const listing = z.object({
  nftables: z.array(
    z.object({
      set: z
        .object({ name: z.string(), elem: z.array(z.union([z.string(), counted])).optional() })
        .optional(),
      counter: volume.extend({ name: z.string() }).optional(),
    }),
  ),
});

/** Throws when it is none of nft's listings. Sets without counters are empty here. */
export function parseCounters(json: string): CounterListing {
  const sets = new Map<string, CountedElement[]>();
  const counters = new Map<string, Volume>();
  for (const { set, counter } of listing.parse(JSON.parse(json)).nftables) {
    if (counter !== undefined) counters.set(counter.name, { packets: counter.packets, bytes: counter.bytes });
    if (set === undefined) continue;
    const elements = (set.elem ?? []).flatMap((each): CountedElement[] =>
      typeof each === "string" ? [] : [{ key: each.elem.val.concat.map(String), ...each.elem.counter }],
    );
    sets.set(set.name, elements);
  }
  return { sets, counters };
}
