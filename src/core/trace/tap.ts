// What a machine's nftables counted of a trace's packets: by which interface, with which source, and how far they came.
import { z } from "zod";
import { parseAddress, type Address } from "../address.ts";

/**
 *            in        here (this machine takes them)
 *  tunnel ───>──┬──────────>
 *               │ pass (the kernel has a route for them, and lets them through its reverse path filter)
 *               └──────────>──── firewall ────>──── out ───> tunnel
 */
export const STATIONS = ["in", "pass", "here", "out"] as const;
export type Station = (typeof STATIONS)[number];

export interface Count {
  /** By which they came in; by which they leave for `out`. */
  readonly interface: string;
  readonly source: Address;
  readonly packets: number;
}

/** By `<station>_<flow key>`. */
export type Tap = ReadonlyMap<string, readonly Count[]>;

const listing = z.object({
  nftables: z.array(
    z.object({
      set: z
        .object({
          name: z.string(),
          elem: z
            .array(
              z.object({
                elem: z.object({
                  val: z.object({ concat: z.tuple([z.string(), z.string()]) }),
                  counter: z.object({ packets: z.number() }),
                }),
              }),
            )
            .optional(),
        })
        .optional(),
    }),
  ),
});

/** Throws when it is not what `nft -j list table` prints. */
export function parseTap(json: string): Tap {
  return new Map(
    listing.parse(JSON.parse(json)).nftables.flatMap(({ set }) => {
      if (set === undefined) return [];
      const counts = (set.elem ?? []).flatMap(({ elem: { val, counter } }): Count[] => {
        const [name, address] = val.concat;
        const source = parseAddress(address);
        return source === undefined ? [] : [{ interface: name, source, packets: counter.packets }];
      });
      return [[set.name, counts] as const];
    }),
  );
}

/** The counts of one flow at one station, the largest first. */
export const countsAt = (tap: Tap, station: Station, flow: string): readonly Count[] =>
  (tap.get(`${station}_${flow}`) ?? []).toSorted((x, y) => y.packets - x.packets);

export const packetsAt = (tap: Tap, station: Station, flow: string): number =>
  countsAt(tap, station, flow).reduce((sum, { packets }) => sum + packets, 0);
