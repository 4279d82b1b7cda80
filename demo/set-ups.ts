// The two classic set-ups: what to look at, and what must be seen.
import type { Host } from "../src/linux/command.ts";
import { countPassing, pingBothWays, recordedRoute, hopsTo, type Ends, type RoundTrips } from "./measure.ts";

/** What was seen of one lab. */
export interface Seen extends RoundTrips {
  /** Node names, both ends included. */
  readonly there: readonly string[];
  readonly back: readonly string[];
  /** The same, from each end with a growing TTL. */
  readonly tracedThere: readonly string[];
  readonly tracedBack: readonly string[];
  /** Overlay data packets that passed the host in between, by two independent counts where it can see them. */
  readonly carriedThere: number;
  readonly carriedBack: number;
  readonly countedBy: string;
}

export interface SetUp {
  readonly example: string;
  readonly title: string;
  /** The host in between. */
  readonly between: string;
  readonly from: string;
  readonly to: string;
  /** Node names, both ends included, when each direction goes its own way. */
  readonly there: readonly string[];
  readonly back: readonly string[];
  readonly look: (host: (name: string) => Promise<Host>, kind: "direct" | "tofro") => Promise<Seen>;
}

const PINGS = 100;
const INTERVAL_MS = 40;

export const threeNodes: SetUp = {
  example: "three-nodes",
  title: "a -> b -> c there, c -> a back",
  between: "b",
  from: "a",
  to: "c",
  there: ["a", "b", "c"],
  back: ["c", "a"],
  async look(host, kind) {
    const names = { "192.168.51.5": "a", "192.168.51.1": "b", "192.168.51.2": "c" };
    const [a, b, c] = await Promise.all(["a", "b", "c"].map(host));
    const ends: Ends = { from: a!, to: c!, fromAddress: "192.168.51.5", toAddress: "192.168.51.2" };
    const seen = await lookAtEnds(ends, names);
    if (kind === "direct") return { ...seen, carriedThere: 0, carriedBack: 0, countedBy: "" };
    let ping: RoundTrips | undefined;
    const before = await transitCounters(b!);
    // b decrypts, so it sees the overlay packets themselves: by its capture, and by the counters of its own table.
    const carriedBack = await countPassing(
      b!,
      "icmp and src 192.168.51.2 and dst 192.168.51.5",
      "any",
      async () => {
        ping = await pingBothWays(ends, PINGS, INTERVAL_MS);
      },
    );
    const after = await transitCounters(b!);
    const counted = (pair: string): number => (after.get(pair) ?? 0) - (before.get(pair) ?? 0);
    return {
      ...seen,
      ...ping!,
      carriedThere: counted("wg-a . wg-c"),
      carriedBack: carriedBack + counted("wg-c . wg-a"),
      countedBy: "b's nftables counters and capture",
    };
  },
};

export const portForward: SetUp = {
  example: "port-forward",
  title: "local -[hkg]-> remote there, remote -> local back",
  between: "hkg",
  from: "local",
  to: "remote",
  there: ["local", "remote"],
  back: ["remote", "local"],
  async look(host, kind) {
    const names = { "192.168.51.3": "local", "192.168.51.2": "remote" };
    const [local, remote, hkg] = await Promise.all(["local", "remote", "hkg"].map(host));
    const ends: Ends = { from: local!, to: remote!, fromAddress: "192.168.51.3", toAddress: "192.168.51.2" };
    const seen = await lookAtEnds(ends, names);
    if (kind === "direct") return { ...seen, carriedThere: 0, carriedBack: 0, countedBy: "" };
    // hkg holds no key: it sees WireGuard's transport messages (type 4); longer than 32 bytes they carry a packet.
    const data = "udp[8] = 4 and udp[4:2] > 40";
    let ping: RoundTrips | undefined;
    let back = 0;
    const there = await countPassing(hkg!, `${data} and dst port 14967`, "any", async () => {
      back = await countPassing(hkg!, `${data} and src port 14967`, "any", async () => {
        ping = await pingBothWays(ends, PINGS, INTERVAL_MS);
      });
    });
    return { ...seen, ...ping!, carriedThere: there, carriedBack: back, countedBy: "hkg's capture" };
  },
};

async function lookAtEnds(
  ends: Ends,
  names: Readonly<Record<string, string>>,
): Promise<Omit<Seen, "carriedThere" | "carriedBack" | "countedBy">> {
  const stamps = (await recordedRoute(ends)).map((address) => names[address] ?? address);
  const named = (hops: readonly string[]): string[] => hops.map((address) => names[address] ?? address);
  const [there, back] = await Promise.all([
    hopsTo(ends.from, ends.toAddress),
    hopsTo(ends.to, ends.fromAddress),
  ]);
  const [from, to] = [names[ends.fromAddress]!, names[ends.toAddress]!];
  // The destination stamps twice: as the packet arrives and as the answer leaves.
  const turn = stamps.lastIndexOf(to);
  return {
    ...(await pingBothWays(ends, PINGS, INTERVAL_MS)),
    there: stamps.slice(0, stamps.indexOf(to) + 1),
    back: stamps.slice(turn),
    tracedThere: [from, ...named(there)],
    tracedBack: [to, ...named(back)],
  };
}

/** Packets that b's own table counted, by pair of tunnels. */
async function transitCounters(b: Host): Promise<Map<string, number>> {
  const { stdout } = await b.run(["nft", "list", "set", "inet", "tofro", "transits"]);
  const elements = stdout.matchAll(/"([^"]+)" \. "([^"]+)" counter packets (\d+)/g);
  return new Map(
    Array.from(elements, ([, enter, leave, packets]) => [`${enter} . ${leave}`, Number(packets)]),
  );
}
