// What was decided, when: the last of it, in memory.
import { TOLD } from "../core/choose/choose.ts";
import type { Decision } from "../core/choose/decision.ts";

interface Entry {
  /** ms since 1970, by the controller's clock. */
  readonly at: number;
  readonly decision: Decision;
}

/** What a step of very many moves does not tell must not leave older decisions of the same pairs as the last. */
const KEPT = TOLD;

export class History {
  #entries: Entry[] = [];

  add(decisions: readonly Decision[], at: number): void {
    this.#entries = [...this.#entries, ...decisions.map((decision) => ({ at, decision }))].slice(-KEPT);
  }

  /** Newest first. */
  latest(count: number): readonly Entry[] {
    return this.#entries.slice(-count).toReversed();
  }

  /** Of one pair, newest first. */
  of(from: number, to: number): readonly Entry[] {
    return this.#entries.filter(({ decision }) => decision.from === from && decision.to === to).toReversed();
  }
}
