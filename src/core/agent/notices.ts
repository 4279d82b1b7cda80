// Which links are down, as their receivers say, by whatever way the word came.
import type { LinkIndex } from "../route.ts";
import type { Notice } from "./messages.ts";

/** How sure it is that a notice is of now: sealed by its receiver itself, or passed on. */
export type Source = "receiver" | "hearsay";

export class Notices {
  readonly #latest = new Map<LinkIndex, Notice>();
  readonly #down = new Set<LinkIndex>();
  /** As somebody has it, who keeps it; made anew after a change. */
  #told: ReadonlySet<LinkIndex> | undefined;

  /** True: something has changed. */
  take(notice: Notice, source: Source): boolean {
    const known = this.#latest.get(notice.link);
    if (known !== undefined && !isNewer(notice, known, source)) return false;
    this.#latest.set(notice.link, notice);
    const isOther = (known?.down ?? false) !== notice.down;
    if (!isOther) return false;
    if (notice.down) this.#down.add(notice.link);
    else this.#down.delete(notice.link);
    this.#told = undefined;
    return true;
  }

  /** Of links that are, or were, down. */
  all(): Notice[] {
    return [...this.#latest.values()];
  }

  down(): ReadonlySet<LinkIndex> {
    this.#told ??= new Set(this.#down);
    return this.#told;
  }
}

/** A receiver that speaks is in its latest life, even if its clock was set back before it began. */
function isNewer(notice: Notice, known: Notice, source: Source): boolean {
  if (notice.life === known.life) return notice.number > known.number;
  return source === "receiver" || notice.life > known.life;
}
