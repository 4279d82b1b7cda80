// What `wg show all transfer`, `latest-handshakes`, `endpoints` and `allowed-ips` print.
import { linesOf } from "./sections.ts";

/** Of an interface with one peer. */
export interface PeerCounters {
  /** Bytes. */
  readonly received: number;
  readonly sent: number;
  /** Unix seconds on that machine's clock; 0: never. */
  readonly handshake: number;
  /** Where packets go, as WireGuard learnt it last. */
  readonly endpoint?: string;
  readonly allowedIps: readonly string[];
}

/** By interface; sections by the words of `wg show`, those that are missing are empty. */
export function wireguardOf(sections: ReadonlyMap<string, string>): Map<string, PeerCounters> {
  const of = (section: string): Map<string, string[]> =>
    new Map(
      linesOf(sections.get(section) ?? "").map((line) => {
        const [name = "", , ...rest] = line.split("\t");
        return [name, rest];
      }),
    );
  const [handshakes, endpoints, allowed] = ["latest-handshakes", "endpoints", "allowed-ips"].map(of);
  return new Map(
    Array.from(of("transfer"), ([name, [received, sent]]) => {
      const endpoint = endpoints?.get(name)?.[0] ?? "(none)";
      const list = allowed?.get(name)?.[0] ?? "(none)";
      return [
        name,
        {
          received: Number(received),
          sent: Number(sent),
          handshake: Number(handshakes?.get(name)?.[0] ?? 0),
          allowedIps: list === "(none)" ? [] : list.split(" "),
          ...(endpoint === "(none)" ? {} : { endpoint }),
        },
      ];
    }),
  );
}
