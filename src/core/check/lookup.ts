// Where a packet is routed: table local, rules by priority, then table main (fib_rules_lookup, fib_rule_match).
import type { Exit, Machine } from "./machine.ts";
import { covers } from "./prefix-map.ts";
import type { Host } from "./prefix-map.ts";

type Found = Exit | { readonly kind: "local" };

const LOCAL = { kind: "local" } as const;

/** A table without a match leaves the packet to the next; without `source` it is of a socket that is not bound. */
export function lookup(
  machine: Machine,
  iif: string,
  source: Host | undefined,
  to: Host,
  mark = 0,
): Found | undefined {
  if (machine.local.has(to.prefix)) return LOCAL;
  for (const rule of rulesFor(machine, iif, source, to)) {
    if (rule.to && !covers(rule.to, to)) continue;
    if (rule.fwmark !== undefined && rule.fwmark !== mark) continue;
    if (rule.table === "unreachable") return undefined;
    const found = machine.tables.get(rule.table)?.get(to, rule.suppressPrefixLength);
    if (found) return found;
  }
  return machine.tables.get("main")?.get(to);
}

/** Rules that speak for the source, in their order. */
function rulesFor(machine: Machine, iif: string, source: Host | undefined, to: Host): Machine["anywhere"] {
  const named = source && machine.rules.get(iif);
  const exact = (named && source && named.bySource.get(source.prefix)) ?? [];
  const wider = named && source ? named.wider.filter((rule) => covers(rule.range, source)) : [];
  const anywhere = machine.anywhere.filter(({ range }) =>
    source ? covers(range, source) : range.family === to.family && speaksForUnbound(range),
  );
  if (wider.length + anywhere.length === 0) return exact;
  return [...exact, ...wider, ...anywhere].sort((a, b) => a.rank - b.rank);
}

/** To IPv4 no address is 0.0.0.0; to IPv6 it is none, and rules that ask for one pass it over. */
const speaksForUnbound = ({ family, first, last }: Machine["anywhere"][number]["range"]): boolean =>
  first === 0n && (family === 4 || last === (1n << 128n) - 1n);
