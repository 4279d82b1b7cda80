// An nftables ruleset as `nft -j list ruleset` tells it, with each rule's line from `nft -a list ruleset`.
import { z } from "zod";

export type Hook = "prerouting" | "input" | "forward" | "output" | "postrouting";
/** One statement of a rule; its single key says which. */
export type Statement = Readonly<Record<string, unknown>>;

export interface Rule {
  readonly statements: readonly Statement[];
  /** As nft prints it. */
  readonly text: string;
}

export interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly rules: readonly Rule[];
  /** Of iptables-legacy, which nft does not see. */
  readonly isLegacy?: boolean;
}

export interface BaseChain extends Chain {
  readonly type: string;
  readonly hook: Hook;
  readonly priority: number;
  readonly policy: "accept" | "drop";
  /** The line `type filter hook …`. */
  readonly text: string;
}

export interface Ruleset {
  /** By priority. */
  readonly baseChains: readonly BaseChain[];
  readonly chain: (near: Chain, name: string) => Chain | undefined;
  /** Elements of a named set or map; undefined when there is none. */
  readonly elements: (near: Chain, name: string) => readonly unknown[] | undefined;
}

const named = z.object({ family: z.string(), table: z.string(), name: z.string() });
const item = z.object({
  chain: named
    .extend({
      type: z.string().optional(),
      hook: z.string().optional(),
      prio: z.number().optional(),
      policy: z.string().optional(),
    })
    .optional(),
  rule: z
    .object({
      family: z.string(),
      table: z.string(),
      chain: z.string(),
      handle: z.number(),
      expr: z.array(z.record(z.string(), z.unknown())),
    })
    .optional(),
  set: named.extend({ elem: z.array(z.unknown()).optional() }).optional(),
  map: named.extend({ elem: z.array(z.unknown()).optional() }).optional(),
});
const listing = z.object({ nftables: z.array(item) });

/** Throws when the JSON is none of nft's; an empty text is an empty ruleset. */
export function parseRuleset(json: string, text: string): Ruleset {
  const { nftables } = listing.parse(json.trim() === "" ? { nftables: [] } : JSON.parse(json));
  const lines = linesOf(text);
  const chains = new Map<string, Chain>();
  const elements = new Map<string, readonly unknown[]>();
  const rulesOf = new Map<string, Rule[]>();
  const baseChains: BaseChain[] = [];
  for (const { chain, rule, set, map } of nftables) {
    if (chain !== undefined) {
      const { family, table, name, type, hook, prio, policy } = chain;
      const id = `${family} ${table} ${name}`;
      const rules: Rule[] = [];
      rulesOf.set(id, rules);
      const made: Chain = { family, table, name, rules };
      chains.set(id, made);
      if (type !== undefined && hook !== undefined) {
        baseChains.push({
          ...made,
          type,
          hook: hook as Hook,
          priority: prio ?? 0,
          policy: policy === "drop" ? "drop" : "accept",
          text: lines.get(`${id} type`) ?? `type ${type} hook ${hook} policy ${policy}`,
        });
      }
    }
    if (rule !== undefined) {
      const line = lines.get(`${rule.family} ${rule.table} ${rule.handle}`);
      const statements = rule.expr as Statement[];
      rulesOf
        .get(`${rule.family} ${rule.table} ${rule.chain}`)
        ?.push({ statements, text: line ?? JSON.stringify(statements) });
    }
    for (const each of [set, map])
      if (each !== undefined) elements.set(`${each.family} ${each.table} ${each.name}`, each.elem ?? []);
  }
  return {
    baseChains: baseChains.sort((a, b) => a.priority - b.priority),
    chain: ({ family, table }, name) => chains.get(`${family} ${table} ${name}`),
    elements: ({ family, table }, name) => elements.get(`${family} ${table} ${name}`),
  };
}

/** Rules by family, table and handle; base chains by `<family> <table> <chain> type`. */
function linesOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let table = "";
  let chain = "";
  for (const line of text.split("\n")) {
    const [, family, name] = /^table (\S+) (\S+) \{/.exec(line) ?? [];
    if (family !== undefined) table = `${family} ${name}`;
    const inner = /^\tchain (\S+) \{/.exec(line)?.[1];
    if (inner !== undefined) chain = inner;
    if (/^\t\ttype .* hook /.test(line)) found.set(`${table} ${chain} type`, line.trim());
    const [, rule, handle] = /^\t\t(.*) # handle (\d+)$/.exec(line) ?? [];
    if (handle !== undefined) found.set(`${table} ${handle}`, rule!.replaceAll(/ {2,}/g, " "));
  }
  return found;
}
