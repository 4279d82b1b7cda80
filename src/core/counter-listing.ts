// What `nft -j list table` says of sets whose elements count, and of named counters.
import { z } from "zod";

export interface Volume {
  readonly packets: number;
  readonly bytes: number;
}

/** One element: its key, of several parts when that is concatenated, and what it counted. */
interface CountedElement extends Volume {
  readonly key: readonly string[];
}

export interface CounterListing {
  readonly sets: ReadonlyMap<string, readonly CountedElement[]>;
  readonly counters: ReadonlyMap<string, Volume>;
}

const volume = z.object({ packets: z.number(), bytes: z.number() });
const prefix = z
  .object({ prefix: z.object({ addr: z.string(), len: z.number() }) })
  .transform(({ prefix: { addr, len } }) => `${addr}/${len}`);
const counted = z.object({
  elem: z.object({
    // An interface that is gone is told by its index.
    val: z.union([
      z.string().transform((each) => [each]),
      z
        .object({ concat: z.array(z.union([z.string(), z.number(), prefix])) })
        .transform(({ concat }) => concat),
    ]),
    counter: volume,
  }),
});
const listing = z.object({
  nftables: z.array(
    z.object({
      set: z.object({ name: z.string(), elem: z.array(z.unknown()).optional() }).optional(),
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
    const elements = (set.elem ?? []).flatMap((each): CountedElement[] => {
      const { data } = counted.safeParse(each);
      return data === undefined ? [] : [{ key: data.elem.val.map(String), ...data.elem.counter }];
    });
    sets.set(set.name, elements);
  }
  return { sets, counters };
}
