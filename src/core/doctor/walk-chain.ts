// What a base chain does with a packet, proved as far as its rules are understood here.
import { equals, matches, statementName, xtMatches, type Truth } from "./match.ts";
import type { Packet } from "./packet.ts";
import type { BaseChain, Chain, Rule, Ruleset, Statement } from "./ruleset.ts";

export interface Outcome {
  /** Where the packet is dropped; absent: it passes. */
  readonly drop?: Place;
  /** The rule that lets it pass for certain; absent: none does, or only the policy. */
  readonly accept?: Place;
  /** Where its source is rewritten, in a chain of type nat. */
  readonly rewrite?: Place;
  /** Conntrack does not look at it. */
  readonly untracked: boolean;
}

export interface Place {
  /** Whether no rule before it, of those that are beyond us, may have let the packet pass. */
  readonly isSure: boolean;
  readonly chain: Chain;
  /** Absent: the base chain's policy. */
  readonly rule?: Rule;
  readonly text: string;
}

type Verdict = "accept" | "drop" | "return" | "continue";

/** Jumps deeper than the kernel allows are no chain that was loaded. */
const MOST_JUMPS = 16;

export function walkChain(ruleset: Ruleset, base: BaseChain, packet: Packet): Outcome {
  const walk = new Walk(ruleset, packet);
  const verdict = walk.chain(base, 0);
  if (verdict !== "accept" && verdict !== "drop" && base.policy === "drop")
    walk.dropped(base, undefined, base.text);
  const { drop } = walk;
  return {
    untracked: walk.untracked,
    ...(drop === undefined ? {} : { drop }),
    ...(walk.accept === undefined ? {} : { accept: walk.accept }),
    ...(walk.rewrite === undefined ? {} : { rewrite: walk.rewrite }),
  };
}

class Walk {
  drop: Place | undefined;
  rewrite: Place | undefined;
  accept: Place | undefined;
  untracked = false;
  /** How many of the rules that we are in may not match. */
  #doubts = 0;
  /** Some rule may have let the packet go. */
  #mayHaveLeft = false;
  readonly #ruleset: Ruleset;
  readonly #packet: Packet;

  constructor(ruleset: Ruleset, packet: Packet) {
    this.#ruleset = ruleset;
    this.#packet = packet;
  }

  get #isSure(): boolean {
    return this.#doubts === 0 && !this.#mayHaveLeft;
  }

  /** A rule that may not match drops some, and nobody knows that they are the plan's: block lists are such. */
  dropped(chain: Chain, rule: Rule | undefined, text: string): void {
    if (this.#doubts > 0) return;
    this.drop ??= { isSure: this.#isSure, chain, text, ...(rule === undefined ? {} : { rule }) };
  }

  chain(chain: Chain, depth: number): Verdict {
    if (depth > MOST_JUMPS) return "return";
    for (const rule of chain.rules) {
      const verdict = this.#rule(chain, rule, depth);
      if (verdict !== "continue") return verdict;
    }
    return "return";
  }

  /** A rule that may or may not match is gone through for what it would let pass; then the next rule has its turn. */
  #rule(chain: Chain, rule: Rule, depth: number): Verdict {
    let isDoubtful = false;
    let verdict: Verdict | undefined;
    for (const statement of rule.statements) {
      const name = statementName(statement);
      const truth = this.#condition(chain, rule, name, statement);
      if (truth === false) {
        verdict = "continue";
        break;
      }
      if (truth === undefined && !isDoubtful) {
        isDoubtful = true;
        this.#doubts++;
      }
      verdict = this.#verdict(chain, rule, name, statement[name], depth);
      if (verdict !== undefined) break;
    }
    if (!isDoubtful) return verdict ?? "continue";
    this.#doubts--;
    if (verdict === "accept" || verdict === "return") this.#mayHaveLeft = true;
    return "continue";
  }

  #condition(chain: Chain, rule: Rule, name: string, statement: Statement): Truth {
    const elements = (set: string): readonly unknown[] | undefined => this.#ruleset.elements(chain, set);
    if (name === "match") return matches(statement["match"], this.#packet, elements);
    // As long as there are few: `over` is what `inv` says in nft's JSON.
    if (name === "limit" || name === "quota" || name === "ct count")
      return (statement[name] as { inv?: boolean } | null)?.inv !== true;
    if (name !== "xt") return true;
    const { type, name: xt } = statement["xt"] as { type?: string; name?: string };
    return type === "match" ? xtMatches(xt ?? "", rule.text, this.#packet) : true;
  }

  #verdict(chain: Chain, rule: Rule, name: string, value: unknown, depth: number): Verdict | undefined {
    switch (name) {
      case "accept":
        if (this.#isSure) this.accept = { isSure: true, chain, rule, text: rule.text };
        return "accept";
      case "drop":
      case "reject":
        this.dropped(chain, rule, rule.text);
        return "drop";
      case "return":
        return "return";
      case "jump":
      case "goto":
        return this.#jump(chain, name, (value as { target: string }).target, depth);
      case "vmap":
        return this.#vmap(chain, rule, value as { key: unknown; data: unknown }, depth);
      case "notrack":
        if (this.#isSure) this.untracked = true;
        return undefined;
      case "masquerade":
      case "snat":
        return this.#rewritten(chain, rule);
      case "xt":
        return this.#target(chain, rule, value as { type?: string; name?: string });
      default:
        return undefined;
    }
  }

  #jump(chain: Chain, kind: "jump" | "goto", target: string, depth: number): Verdict {
    const next = this.#ruleset.chain(chain, target);
    const verdict = next === undefined ? "return" : this.chain(next, depth + 1);
    if (verdict !== "return") return verdict;
    return kind === "jump" ? "continue" : "return";
  }

  #vmap(
    chain: Chain,
    rule: Rule,
    { key, data }: { key: unknown; data: unknown },
    depth: number,
  ): Verdict | undefined {
    const elements = (set: string): readonly unknown[] | undefined => this.#ruleset.elements(chain, set);
    const list =
      typeof data === "string" ? elements(data.slice(1)) : (data as { set?: readonly unknown[] }).set;
    for (const each of list ?? []) {
      const [what, verdict] = each as [unknown, Statement];
      const truth = equals(key, what, this.#packet, elements);
      if (truth === false) continue;
      const name = statementName(verdict);
      if (truth === true) return this.#verdict(chain, rule, name, verdict[name], depth);
      this.#doubts++;
      const found = this.#verdict(chain, rule, name, verdict[name], depth);
      this.#doubts--;
      if (found === "accept" || found === "return") this.#mayHaveLeft = true;
    }
    return undefined;
  }

  #rewritten(chain: Chain, rule: Rule): Verdict {
    this.rewrite ??= { isSure: this.#isSure, chain, rule, text: rule.text };
    return "accept";
  }

  #target(chain: Chain, rule: Rule, { type, name }: { type?: string; name?: string }): Verdict | undefined {
    if (type !== "target") return undefined;
    if (name === "REJECT" || name === "TARPIT") {
      this.dropped(chain, rule, rule.text);
      return "drop";
    }
    if (name === "MASQUERADE" || name === "SNAT" || name === "NETMAP") return this.#rewritten(chain, rule);
    if (name === "NOTRACK" || (name === "CT" && rule.text.includes("notrack"))) {
      if (this.#isSure) this.untracked = true;
    }
    return undefined;
  }
}
