// What was decided, and what else happened: the last of it, in memory.
import { TOLD } from "../core/choose/choose.ts";
import type { ChangeRecord, DecisionFilter, DecisionRecord } from "./history-types.ts";

/** What a step of very many moves does not tell must not leave older decisions of the same pairs as the last. */
const KEPT = TOLD;

export class History {
  #decisions: DecisionRecord[] = [];
  #changes: ChangeRecord[] = [];

  readonly most = KEPT;

  add(decisions: readonly DecisionRecord[]): void {
    this.#decisions = [...this.#decisions, ...decisions].slice(-KEPT);
  }

  changed(change: ChangeRecord): void {
    this.#changes = [...this.#changes, change].slice(-KEPT);
  }

  /** Newest first. */
  decisions({ from, to, beforeMs, count }: DecisionFilter): DecisionRecord[] {
    const found: DecisionRecord[] = [];
    for (let index = this.#decisions.length - 1; index >= 0 && found.length < count; index--) {
      const each = this.#decisions[index]!;
      if (from !== undefined && each.from !== from) continue;
      if (to !== undefined && each.to !== to) continue;
      if (beforeMs === undefined || each.atMs <= beforeMs) found.push(each);
    }
    return found;
  }

  /** Newest first. */
  changes(count: number): ChangeRecord[] {
    return this.#changes.slice(-count).toReversed();
  }
}
