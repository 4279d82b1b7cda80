// Collects what firewalls do to many flows into one finding a rule.
import type { Facts } from "./facts.ts";
import type { Found } from "./finding.ts";
import { mendOf, type Obstacle } from "./firewall-mends.ts";
import type { BaseChain } from "./ruleset.ts";
import type { Place } from "./walk-chain.ts";

export interface Note extends Obstacle {
  readonly severity: Found["severity"];
  /** `{flows}` stands for those that suffer. */
  readonly message: string;
  /** The line to show; the place's when left out. */
  readonly seen?: Place;
  /** Who suffers. */
  readonly flow: string;
}

export class FirewallNotes {
  readonly #found = new Map<
    string,
    { note: Note; flows: Set<string>; mend: Set<string>; lasting?: string }
  >();
  readonly #facts: Facts;

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  add(note: Note): void {
    const { code, place, severity, flow } = note;
    const key = `${code} ${place.chain.isLegacy} ${place.chain.family} ${place.chain.table} ${place.text} ${note.message}`;
    const { mend, lasting } = mendOf(this.#facts, note);
    const known = this.#found.get(key) ?? {
      note,
      flows: new Set(),
      mend: new Set(),
      ...(lasting && { lasting }),
    };
    if (severity === "error") known.note = note;
    known.flows.add(flow);
    for (const each of mend) known.mend.add(each);
    this.#found.set(key, known);
  }

  findings(): Found[] {
    return [...this.#found.values()].map(({ note, flows, mend, lasting }) => ({
      code: note.code,
      severity: note.severity,
      message: note.message.replace("{flows}", some([...flows])),
      evidence: shown(note.base, note.seen ?? note.place),
      mend: [...mend],
      ...(lasting === undefined ? {} : { lasting }),
    }));
  }
}

const some = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;

function shown(base: BaseChain, { chain, text }: Place): string {
  const { isLegacy, family, table, name } = chain;
  const way = name === base.name ? name : `${base.name} > ${name}`;
  const where =
    isLegacy === true
      ? `${family === "ip6" ? "ip6tables" : "iptables"}-legacy ${table}`
      : `${family} ${table}`;
  return `${where} ${way}: ${text}`;
}
