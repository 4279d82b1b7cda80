// What a relay says that it forwarded between links, as the history keeps it: names, not indices.
import type { Links } from "../core/agent/links.ts";
import type { Forwarded } from "../core/agent/messages.ts";
import type { CarriedRecord } from "./history-types.ts";

/** Of links that are not the relay's own nothing is believed. Several tunnels between two nodes count as one. */
export function carriedRecords(
  { names, senders, receivers }: Pick<Links, "names" | "senders" | "receivers">,
  relay: string,
  forwarded: readonly Forwarded[],
  atMs: number,
): CarriedRecord[] {
  const node = names.indexOf(relay);
  return forwarded.flatMap(([came, went, octets]) =>
    receivers[came] === node && senders[went] === node && octets > 0
      ? [{ atMs, relay, from: names[senders[came]!]!, to: names[receivers[went]!]!, octets }]
      : [],
  );
}
