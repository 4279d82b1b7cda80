// Ports that the rules of a firewall speak of: those that somebody has thought about.
import { statementName } from "./match.ts";
import type { BaseChain, Chain, Ruleset } from "./ruleset.ts";

interface Port {
  readonly l4proto: "tcp" | "udp";
  readonly dport: number;
}

/** Rulesets of thousands of ports need not all be tried. */
const MOST = 40;

/** In a base chain and all that it leads to; the first of each range. */
export function portsOf(ruleset: Ruleset, base: BaseChain): Port[] {
  const found = new Map<string, Port>();
  const seen = new Set<string>();
  const add = (l4proto: "tcp" | "udp", value: unknown): void => {
    for (const dport of numbersOf(value, ruleset, base))
      if (found.size < MOST) found.set(`${l4proto} ${dport}`, { l4proto, dport });
  };
  const visit = (chain: Chain): void => {
    if (seen.has(chain.name)) return;
    seen.add(chain.name);
    for (const { statements, text } of chain.rules) {
      for (const each of JSON.stringify(statements).matchAll(/"target":"([^"]+)"/g)) {
        const next = ruleset.chain(chain, each[1]!);
        if (next !== undefined) visit(next);
      }
      // A protocol beside a port that any of them may have (`-p tcp -m multiport`).
      const isUdp = /\budp\b/.test(text);
      for (const statement of statements) {
        const match = statementName(statement) === "match" ? (statement["match"] as Match) : undefined;
        const payload = match?.left?.payload;
        if (payload?.field !== "dport") continue;
        if (payload.protocol === "tcp" || (payload.protocol === "th" && !isUdp)) add("tcp", match?.right);
        if (payload.protocol === "udp" || (payload.protocol === "th" && isUdp)) add("udp", match?.right);
      }
    }
  };
  visit(base);
  return [...found.values()];
}

interface Match {
  readonly left?: { readonly payload?: { readonly protocol?: string; readonly field?: string } };
  readonly right?: unknown;
}

function numbersOf(value: unknown, ruleset: Ruleset, near: Chain): number[] {
  if (typeof value === "number") return [value];
  if (typeof value === "string" && value.startsWith("@"))
    return numbersOf(ruleset.elements(near, value.slice(1)), ruleset, near);
  if (Array.isArray(value)) return value.flatMap((each) => numbersOf(each, ruleset, near));
  if (typeof value !== "object" || value === null) return [];
  const { range, set } = value as { range?: readonly unknown[]; set?: unknown };
  return numbersOf(set ?? range?.[0], ruleset, near);
}
