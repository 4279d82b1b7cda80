// Decisions as the history keeps them: names, not indices.
import type { Links } from "../core/agent/links.ts";
import type { Candidate, Decision } from "../core/choose/decision.ts";
import { pathOf } from "./history-figures.ts";
import type { DecisionRecord, WayRecord } from "./history-types.ts";

export function recordsOf(links: Links, decisions: readonly Decision[], atMs: number): DecisionRecord[] {
  const way = ({ links: own, figures }: Candidate): WayRecord => ({ path: pathOf(links, own), ...figures });
  return decisions.map(({ from, to, reason, was, is, candidates }) => ({
    atMs,
    from: links.names[from]!,
    to: links.names[to]!,
    reason,
    was: way(was),
    is: way(is),
    candidates: candidates.map(way),
  }));
}
