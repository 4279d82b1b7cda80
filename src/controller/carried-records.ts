// What a node says that it forwarded between links, or got, as the history keeps it: names, not indices.
import type { Links } from "../core/agent/links.ts";
import type { Forwarded } from "../core/agent/messages.ts";
import { DIRECT, RELAYED, type CarriedRecord } from "./history-types.ts";

/** Of links that are not the node's own nothing is believed. Several tunnels between two nodes count as one. */
export function carriedRecords(
  { names, senders, receivers }: Pick<Links, "names" | "senders" | "receivers">,
  who: string,
  forwarded: readonly Forwarded[],
  atMs: number,
): CarriedRecord[] {
  const node = names.indexOf(who);
  return forwarded.flatMap(([came, went, octets]): CarriedRecord[] => {
    if (receivers[came] !== node || octets === 0) return [];
    const sender = senders[came]!;
    const origin = names[went - senders.length];
    if (origin !== undefined && origin !== who)
      return [{ atMs, relay: names[sender] === origin ? DIRECT : RELAYED, from: origin, to: who, octets }];
    if (senders[went] !== node) return [];
    return [{ atMs, relay: who, from: names[sender]!, to: names[receivers[went]!]!, octets }];
  });
}
