// Packets of the underlay: they come and leave by whichever interface that is not a tunnel.
import type { Packet } from "./packet.ts";
import type { BaseChain } from "./ruleset.ts";
import type { Subject } from "./subject.ts";
import { walkChain, type Place } from "./walk-chain.ts";

/** Machines with more interfaces have containers behind them. */
const MOST_WAYS = 12;

export const underlayWays = ({ facts, tunnels }: Pick<Subject, "facts" | "tunnels">): string[] =>
  [...facts.links.keys()].filter((name) => name !== "lo" && !tunnels.has(name)).slice(0, MOST_WAYS);

/** An interface that lets it pass is the one that it was meant for. A drop that may be, or else one that is certain. */
export function dropOnAllWays(
  { facts }: Pick<Subject, "facts">,
  base: BaseChain,
  packet: Packet,
  side: "iifname" | "oifname",
  ways: readonly string[],
): Place | undefined {
  const drops = ways.map((name) => walkChain(facts.ruleset, base, { ...packet, [side]: name }).drop);
  if (drops.includes(undefined)) return undefined;
  return drops.find((drop) => drop?.isSure === false) ?? drops[0];
}
