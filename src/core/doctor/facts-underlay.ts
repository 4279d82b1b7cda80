// What a machine saw of the internet below: addresses of endpoints, the routes to them, and how large a packet comes through.
import { z } from "zod";
import { parseAddress, type Address } from "../address.ts";

/** An endpoint's host. */
export interface Underlay {
  readonly addresses: readonly Address[];
  /** By address; absent: there is no route. */
  readonly routes: ReadonlyMap<
    string,
    { readonly interface: string; readonly mtu?: number; readonly text: string }
  >;
}

/** What is asked of the underlay for a tunnel: its packets may be led by their mark. */
export const underlayKey = (host: string, fwmark?: number): string =>
  fwmark === undefined ? host : `${host} ${fwmark}`;

/** Pings of one address that must not be cut on the way, by the size of their IP packet in bytes. */
export interface Room {
  /** Largest that was answered; undefined: none was, so that nothing is known. */
  readonly answered?: number;
  /** Smallest that is larger than that and was not. */
  readonly lost?: number;
}

const routeGet = z.array(
  z.object({
    dev: z.string().optional(),
    metrics: z.array(z.object({ mtu: z.number().optional() })).optional(),
    type: z.string().optional(),
  }),
);

/** By `underlayKey`, of lines `host KEY` with lines `address ADDRESS JSON` below them. */
export function underlaysOf(lines: readonly string[]): Map<string, Underlay> {
  const found = new Map<string, string[]>();
  let own: string[] = [];
  for (const line of lines) {
    const host = /^host (\S+(?: \d+)?)$/.exec(line)?.[1];
    if (host === undefined) own.push(line);
    else found.set(host, (own = []));
  }
  return new Map([...found].map(([host, answers]) => [host, underlayOf(answers)]));
}

function underlayOf(lines: readonly string[]): Underlay {
  const routes = new Map<string, { interface: string; mtu?: number; text: string }>();
  const addresses: Address[] = [];
  for (const line of lines) {
    const [, word, rest] = /^address (\S+) ?(.*)$/.exec(line) ?? [];
    const address = parseAddress(word ?? "");
    if (address === undefined || addresses.includes(address)) continue;
    addresses.push(address);
    const [route] = routeGet.parse(JSON.parse(rest || "[]"));
    if (route?.dev === undefined || route.type === "unreachable" || route.type === "blackhole") continue;
    const mtu = route.metrics?.find((each) => each.mtu !== undefined)?.mtu;
    routes.set(address, {
      interface: route.dev,
      text: `ip route get ${address}: dev ${route.dev}${mtu === undefined ? "" : ` mtu ${mtu}`}`,
      ...(mtu === undefined ? {} : { mtu }),
    });
  }
  return { addresses, routes };
}

/** By address, of lines `ADDRESS SIZE yes` or `ADDRESS SIZE no`. */
export function roomsOf(lines: readonly string[]): Map<string, Room> {
  const tried = lines.map((line) => line.split(" "));
  return new Map(
    tried.map(([address = ""]) => {
      const sizes = (answer: string): number[] =>
        tried.flatMap(([to, size, was]) => (to === address && was === answer ? [Number(size)] : []));
      const answered = sizes("yes");
      if (answered.length === 0) return [address, {}];
      const most = Math.max(...answered);
      const lost = sizes("no").filter((size) => size > most);
      return [address, { answered: most, ...(lost.length === 0 ? {} : { lost: Math.min(...lost) }) }];
    }),
  );
}
