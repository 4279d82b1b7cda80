// The tables of iptables-legacy, which nft does not show: as `iptables-legacy-save` prints them, in nft's own terms.
import type { BaseChain, Chain, Hook, Rule, Ruleset, Statement } from "./ruleset.ts";

const HOOKS: Readonly<Record<string, Hook>> = {
  PREROUTING: "prerouting",
  INPUT: "input",
  FORWARD: "forward",
  OUTPUT: "output",
  POSTROUTING: "postrouting",
};
const PRIORITIES: Readonly<Record<string, number>> = { raw: -300, mangle: -150, filter: 0, security: 50 };

/** Throws when the text is not what the command prints. */
export function parseLegacy(family: "ip" | "ip6", text: string): Ruleset {
  const chains = new Map<string, Chain & { readonly rules: Rule[] }>();
  const baseChains: BaseChain[] = [];
  let table = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1);
    const [, name, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (name !== undefined) {
      const chain = { family, table, name, isLegacy: true, rules: [] };
      chains.set(`${table} ${name}`, chain);
      const hook = HOOKS[name];
      if (policy === "-" || hook === undefined) continue;
      baseChains.push({
        ...chain,
        type: table === "nat" ? "nat" : "filter",
        hook,
        priority: table === "nat" ? (hook === "postrouting" ? 100 : -100) : (PRIORITIES[table] ?? 0),
        policy: policy === "DROP" ? "drop" : "accept",
        text: `-P ${name} ${policy}`,
      });
    }
    if (!line.startsWith("-A ")) continue;
    const [, at = "", ...words] = wordsOf(line);
    const chain = chains.get(`${table} ${at}`);
    if (chain === undefined) throw new Error(`iptables-legacy-save: a rule without a chain: ${line}`);
    chain.rules.push({
      statements: statementsOf(words, (other) => chains.has(`${table} ${other}`)),
      text: line,
    });
  }
  return {
    baseChains,
    chain: (near, name) => chains.get(`${near.table} ${name}`),
    elements: () => undefined,
  };
}

/** All rulesets of a machine as one; every chain goes on in its own. */
export function joined(nft: Ruleset, legacy: Readonly<Record<"ip" | "ip6", Ruleset>>): Ruleset {
  const of = ({ isLegacy, family }: Chain): Ruleset =>
    isLegacy === true ? legacy[family === "ip6" ? "ip6" : "ip"] : nft;
  return {
    baseChains: [nft, legacy.ip, legacy.ip6]
      .flatMap(({ baseChains }) => baseChains)
      .sort((a, b) => a.priority - b.priority),
    chain: (near, name) => of(near).chain(near, name),
    elements: (near, name) => of(near).elements(near, name),
  };
}

const wordsOf = (line: string): string[] =>
  Array.from(line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g), ([, quoted, bare]) => bare ?? quoted!);

function statementsOf(words: readonly string[], isChain: (name: string) => boolean): Statement[] {
  const found: Statement[] = [];
  let module = "";
  for (let index = 0; index < words.length; index++) {
    const isNot = words[index] === "!";
    if (isNot) index++;
    const option = words[index]!;
    if (option === "-j" || option === "-g") {
      found.push(target(option, words.slice(index + 1), isChain));
      break;
    }
    const values: string[] = [];
    while (index + 1 < words.length && words[index + 1] !== "!" && !words[index + 1]!.startsWith("-"))
      values.push(words[++index]!);
    if (option === "-m") module = values[0] ?? "";
    const match = option === "-m" ? wayBack(module, words) : condition(option, values, module);
    if (match !== "any") found.push(match === undefined ? unknown(module) : statement(match, isNot));
  }
  return found;
}

interface Match {
  readonly left: unknown;
  readonly right: unknown;
}

const statement = ({ left, right }: Match, isNot: boolean): Statement => ({
  match: { op: isNot ? "!=" : "==", left, right },
});

/** Nobody here can say whether it matches. */
const unknown = (name: string): Statement => ({ xt: { type: "match", name: `legacy ${name}` } });

/** `-m rpfilter` matches by itself; its options say how. */
const wayBack = (module: string, words: readonly string[]): Match | "any" =>
  module === "rpfilter"
    ? {
        left: { fib: { result: "oif", flags: words.includes("--loose") ? ["saddr"] : ["saddr", "iif"] } },
        right: words.includes("--invert") ? "missing" : "exists",
      }
    : "any";

/** `any`: it matches every packet, or every one until there are too many. */
function condition(
  option: string,
  [value = "", second = ""]: readonly string[],
  module: string,
): Match | "any" | undefined {
  if (module === "rpfilter" && option.startsWith("--")) return "any";
  switch (option) {
    case "-i":
    case "-o":
      return {
        left: { meta: { key: option === "-i" ? "iifname" : "oifname" } },
        right: value.replace(/\+$/, "*"),
      };
    case "-s":
    case "-d": {
      const [addr, len] = value.split("/");
      const field = option === "-s" ? "saddr" : "daddr";
      const protocol = value.includes(":") ? "ip6" : "ip";
      return { left: { payload: { protocol, field } }, right: { prefix: { addr, len: Number(len) } } };
    }
    case "-p":
      return { left: { meta: { key: "l4proto" } }, right: /^\d+$/.test(value) ? Number(value) : value };
    case "--comment":
    case "--limit":
    case "--limit-burst":
      return "any";
    case "--ctstate":
    case "--state":
      return { left: { ct: { key: "state" } }, right: value.toLowerCase().split(",") };
    case "--dport":
    case "--sport":
      return { left: port(option), right: portOf(value) };
    case "--dports":
    case "--sports":
      return { left: port(option), right: value.split(",").map(portOf) };
    case "--tcp-flags": {
      const flags = { payload: { protocol: "tcp", field: "flags" } };
      const set = second === "NONE" ? [] : second.toLowerCase().split(",");
      return { left: { "&": [flags, { "|": value.toLowerCase().split(",") }] }, right: { "|": set } };
    }
    case "--icmp-type":
    case "--icmpv6-type": {
      const protocol = option === "--icmp-type" ? "icmp" : "icmpv6";
      const type = ICMP_TYPES[protocol][value];
      return type === undefined ? undefined : { left: { payload: { protocol, field: "type" } }, right: type };
    }
    case "--dst-type":
      return { left: { fib: { result: "type", flags: ["daddr"] } }, right: value.toLowerCase() };
    case "--mark":
      return { left: { meta: { key: "mark" } }, right: Number(value.split("/")[0]) };
    default:
      return undefined;
  }
}

const port = (option: string): unknown => ({
  payload: { protocol: "th", field: option.startsWith("--d") ? "dport" : "sport" },
});

function portOf(text: string): unknown {
  const [first, last] = text.split(":").map(Number);
  return last === undefined ? first : { range: [first, last] };
}

const ICMP_TYPES: Readonly<Record<"icmp" | "icmpv6", Readonly<Record<string, string>>>> = {
  icmp: { "0": "echo-reply", "3": "destination-unreachable", "8": "echo-request", "11": "time-exceeded" },
  icmpv6: {
    "1": "destination-unreachable",
    "2": "packet-too-big",
    "3": "time-exceeded",
    "128": "echo-request",
    "129": "echo-reply",
  },
};

function target(
  option: string,
  [name = "", ...rest]: readonly string[],
  isChain: (name: string) => boolean,
): Statement {
  if (isChain(name)) return { [option === "-g" ? "goto" : "jump"]: { target: name } };
  if (["ACCEPT", "DROP", "RETURN", "REJECT", "MASQUERADE", "SNAT", "NOTRACK"].includes(name))
    return { [name.toLowerCase()]: null };
  if (name === "CT" && rest.includes("--notrack")) return { notrack: null };
  return { xt: { type: "target", name } };
}
