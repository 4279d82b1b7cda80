// What a machine's nftables counted of a trace's packets: by which interface, with which source, and how far they came.
import { parseAddress, type Address } from "../address.ts";
import { parseCounters } from "../counter-listing.ts";

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

/** Throws when it is not what `nft -j list table` prints. */
export const parseTap = (json: string): Tap =>
  new Map(
    Array.from(parseCounters(json).sets, ([name, elements]) => [
      name,
      elements.flatMap(({ key: [by = "", address = ""], packets }): Count[] => {
        const source = parseAddress(address);
        return source === undefined ? [] : [{ interface: by, source, packets }];
      }),
    ]),
  );

/** The counts of one flow at one station, the largest first. */
export const countsAt = (tap: Tap, station: Station, flow: string): readonly Count[] =>
  (tap.get(`${station}_${flow}`) ?? []).toSorted((x, y) => y.packets - x.packets);

export const packetsAt = (tap: Tap, station: Station, flow: string): number =>
  countsAt(tap, station, flow).reduce((sum, { packets }) => sum + packets, 0);
