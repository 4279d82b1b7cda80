// What ping(8) says of a burst, of a record route, and of packets whose TTL ran out.
import { parseAddress, type Address } from "../address.ts";

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** TTL of the answers as they came; absent: there were none. */
  readonly ttl?: number;
  /** What else it said: errors of the socket, and ICMP errors with their senders. */
  readonly complaints: readonly string[];
}

/** Of iputils' ping with `-n`. */
export function parsePing(output: string): PingResult {
  const [, sent = "0", received = "0"] = /(\d+) packets transmitted, (\d+) received/.exec(output) ?? [];
  const ttl = /^\d+ bytes from .*? ttl=(\d+)/m.exec(output)?.[1];
  const complaints = output
    .split("\n")
    .filter((line) => /^(?:ping6?: |From )/.test(line))
    .map((line) => line.replace(/ icmp_seq=\d+/, ""));
  return {
    sent: Number(sent),
    received: Number(received),
    complaints: [...new Set(complaints)],
    ...(ttl === undefined ? {} : { ttl: Number(ttl) }),
  };
}

/** The stamps of `ping -n -R -c 1` in order, there and back; undefined when no answer brought any. */
export function parseRecordRoute(output: string): Address[] | undefined {
  const block = /^RR:\s+([\s\S]*?)\n\n/m.exec(output)?.[1];
  return block?.split("\n").flatMap((line) => parseAddress(line.trim()) ?? []);
}
