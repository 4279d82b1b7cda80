// Links that go down and come back, as the history has them.
import type { Links } from "../core/agent/links.ts";
import type { LinkIndex } from "../core/route.ts";
import type { ChangeRecord } from "./history-types.ts";

export class LinkChanges {
  readonly #links: Links;
  /** Ids, by index. */
  readonly #tunnels: readonly string[];
  #down: ReadonlySet<LinkIndex> = new Set();

  constructor(links: Links, tunnels: readonly string[]) {
    this.#links = links;
    this.#tunnels = tunnels;
  }

  /** Since the look before: those that died, and those that live again. */
  look(down: ReadonlySet<LinkIndex>, atMs: number): { died: ChangeRecord[]; back: ChangeRecord[] } {
    const before = this.#down;
    this.#down = down;
    const tell = (links: ReadonlySet<LinkIndex>, known: ReadonlySet<LinkIndex>, how: string) =>
      [...links].flatMap((link): ChangeRecord[] => {
        if (known.has(link)) return [];
        const { names, senders, receivers } = this.#links;
        const [from, to] = [names[senders[link]!]!, names[receivers[link]!]!];
        const text = `${from} -> ${to} (${this.#tunnels[link >> 1]}) ${how}`;
        return [{ atMs, kind: "failover", who: to, text }];
      });
    return { died: tell(down, before, "is down"), back: tell(before, down, "is up again") };
  }
}
