// Whether a packet matches an expression of nftables: true, false, or undefined when nobody here can say.
import { contains, familyOf, parseAddress, parsePrefix, rangeOf, hostPrefix } from "../address.ts";
import type { Packet } from "./packet.ts";
import type { Statement } from "./ruleset.ts";

export type Truth = boolean | undefined;
/** Elements of a named set. */
export type Elements = (name: string) => readonly unknown[] | undefined;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const negate = (truth: Truth): Truth => (truth === undefined ? undefined : !truth);

/** True as soon as one is, false when all are. */
function some(truths: readonly Truth[]): Truth {
  if (truths.includes(true)) return true;
  return truths.includes(undefined) ? undefined : false;
}

function every(truths: readonly Truth[]): Truth {
  if (truths.includes(false)) return false;
  return truths.includes(undefined) ? undefined : true;
}

/** The statement `match`. */
export function matches(statement: unknown, packet: Packet, elements: Elements): Truth {
  if (!isObject(statement)) return undefined;
  const { op, left, right } = statement;
  if (op !== "==" && op !== "in" && op !== "!=") return undefined;
  const found = equals(left, right, packet, elements);
  return op === "!=" ? negate(found) : found;
}

/** Whether what `left` names in the packet is `right`. */
export function equals(left: unknown, right: unknown, packet: Packet, elements: Elements): Truth {
  if (!isObject(left)) return undefined;
  if (typeof right === "string" && right.startsWith("@")) {
    const list = elements(right.slice(1));
    return list === undefined ? undefined : some(list.map((each) => equals(left, each, packet, elements)));
  }
  // Flags stand together, where a list is one of many elsewhere.
  if (left["&"] !== undefined) return masked(left["&"], right, packet);
  if (Array.isArray(right)) return some(right.map((each) => equals(left, each, packet, elements)));
  if (isObject(right)) {
    if (Array.isArray(right["set"])) return equals(left, right["set"], packet, elements);
    // An element with a counter or a timeout.
    if (isObject(right["elem"])) return equals(left, right["elem"]["val"], packet, elements);
  }
  if (Array.isArray(left["concat"])) {
    const parts = isObject(right) && Array.isArray(right["concat"]) ? right["concat"] : [];
    return every(left["concat"].map((part, index) => equals(part, parts[index], packet, elements)));
  }
  if (isObject(left["meta"])) return meta(String(left["meta"]["key"]), right, packet);
  if (isObject(left["ct"])) return conntrack(left["ct"], right, packet);
  if (isObject(left["payload"])) return payload(left["payload"], right, packet);
  if (isObject(left["fib"])) return fib(left["fib"], right, packet);
  return undefined;
}

function meta(key: string, right: unknown, packet: Packet): Truth {
  switch (key) {
    case "iifname":
    case "iif":
      return interfaceIs(packet.iifname, right);
    case "oifname":
    case "oif":
      return interfaceIs(packet.oifname, right);
    case "l4proto":
      return protocolIs(right, packet);
    case "nfproto":
      return right === `ipv${packet.family}`;
    case "protocol":
      return right === (packet.family === 4 ? "ip" : "ip6");
    // Nothing of tofro's is marked.
    case "mark":
      return right === 0;
    default:
      return undefined;
  }
}

function interfaceIs(name: string | undefined, right: unknown): Truth {
  if (typeof right !== "string") return undefined;
  const pattern = right.endsWith("*") ? right.slice(0, -1) : undefined;
  const is = (each: string): boolean => (pattern === undefined ? each === right : each.startsWith(pattern));
  // Nothing of the plan comes or leaves by lo.
  return name === undefined ? (right === "lo" ? false : undefined) : is(name);
}

const NUMBERS: Readonly<Record<string, unknown>> = { tcp: 6, udp: 17, icmp: 1, "ipv6-icmp": 58 };

const protocolIs = (right: unknown, { l4proto }: Packet): boolean =>
  right === l4proto || right === NUMBERS[l4proto] || (right === "icmpv6" && l4proto === "ipv6-icmp");

function conntrack(left: Readonly<Record<string, unknown>>, right: unknown, packet: Packet): Truth {
  switch (left["key"]) {
    case "state":
      return right === packet.state;
    case "status":
      if (right === "dnat") return packet.isRedirected === true;
      return right === "snat" && packet.isRedirected !== true ? false : undefined;
    case "mark":
      return right === 0;
    default:
      return undefined;
  }
}

function payload(left: Readonly<Record<string, unknown>>, right: unknown, packet: Packet): Truth {
  const { protocol, field } = left;
  if (protocol === "ip" || protocol === "ip6") {
    if ((protocol === "ip") !== (packet.family === 4)) return false;
    if (field === "saddr") return addressIs(packet.source, right);
    if (field === "daddr") return addressIs(packet.destination, right);
    return field === "protocol" || field === "nexthdr" ? protocolIs(right, packet) : undefined;
  }
  if (protocol === "icmp" || protocol === "icmpv6") {
    if (packet.l4proto !== (protocol === "icmp" ? "icmp" : "ipv6-icmp")) return false;
    return field === "type" ? right === packet.icmpType : undefined;
  }
  const isPorts = packet.l4proto === "tcp" || packet.l4proto === "udp";
  if (protocol === "th" ? !isPorts : protocol !== packet.l4proto) return false;
  const port = field === "dport" ? packet.dport : field === "sport" ? packet.sport : undefined;
  return port === undefined ? undefined : numberIs(port, right);
}

/** `tcp flags & (syn|ack) == syn`; everything else masked is unknown, beside marks, which are 0. */
function masked(parts: unknown, right: unknown, packet: Packet): Truth {
  if (!Array.isArray(parts)) return undefined;
  const [inner, mask] = parts as [unknown, unknown];
  if (!isObject(inner)) return undefined;
  if (isObject(inner["meta"]) && inner["meta"]["key"] === "mark") return right === 0;
  if (isObject(inner["ct"]) && inner["ct"]["key"] === "mark") return right === 0;
  const field = isObject(inner["payload"]) ? inner["payload"]["field"] : undefined;
  // No packet of the plan is a fragment, as seen by a firewall of its node.
  if (field === "frag-off") return typeof mask === "number" && mask < 0x4000 ? right === 0 : undefined;
  if (field !== "flags" || packet.l4proto !== "tcp") return field === "flags" ? false : undefined;
  const looked = new Set(flagsOf(mask));
  const wanted = flagsOf(right);
  const set = (packet.tcpFlags ?? []).filter((flag) => looked.has(flag));
  return set.length === wanted.length && wanted.every((flag) => set.includes(flag));
}

/** `syn`, `["syn", "ack"]` or `{ "|": [{ "|": ["syn", "ack"] }, "rst"] }`; 0 for none. */
function flagsOf(flags: unknown): string[] {
  const parts = isObject(flags) ? flags["|"] : flags;
  if (Array.isArray(parts)) return parts.flatMap(flagsOf);
  return typeof parts === "string" ? [parts] : [];
}

function addressIs(address: Packet["source"], right: unknown): Truth {
  if (address === undefined) return undefined;
  if (typeof right === "string") {
    const other = parseAddress(right);
    return other === undefined ? undefined : other === address;
  }
  if (!isObject(right)) return undefined;
  const { prefix, range } = right;
  if (isObject(prefix)) {
    const parsed = parsePrefix(`${String(prefix["addr"])}/${String(prefix["len"])}`);
    return parsed === undefined ? undefined : contains(parsed.prefix, address);
  }
  if (!Array.isArray(range)) return undefined;
  const [first, last] = range.map((each) => parseAddress(String(each)));
  if (first === undefined || last === undefined) return undefined;
  if (familyOf(first) !== familyOf(address)) return false;
  const value = rangeOf(hostPrefix(address)).first;
  return rangeOf(hostPrefix(first)).first <= value && value <= rangeOf(hostPrefix(last)).first;
}

function numberIs(number: number, right: unknown): Truth {
  if (typeof right === "number") return right === number;
  if (!isObject(right) || !Array.isArray(right["range"])) return undefined;
  const [first, last] = right["range"].map(Number);
  return first! <= number && number <= last!;
}

function fib(left: Readonly<Record<string, unknown>>, right: unknown, packet: Packet): Truth {
  const flags = Array.isArray(left["flags"]) ? left["flags"].map(String) : [String(left["flags"])];
  if (flags.includes("daddr") && left["result"] === "type") return typeIs(String(right), packet);
  if (!flags.includes("saddr") || left["result"] !== "oif" || packet.back === undefined) return undefined;
  const exists = flags.includes("iif") ? packet.back.sameInterface : packet.back.any;
  // nft prints `missing` as false, as 0 or by name.
  if (right === false || right === 0 || right === "missing") return !exists;
  return right === true || right === 1 || right === "exists" ? exists : undefined;
}

/** No packet of the plan goes to many. */
const typeIs = (type: string, { isLocal }: Packet): boolean =>
  type === "local" ? isLocal : type === "unicast" && !isLocal;

/**
 * A match of xtables, which nft's JSON does not tell but its text translates: those that firewalls use on forwarded
 * packets.
 */
export function xtMatches(name: string, text: string, packet: Packet): Truth {
  switch (name) {
    case "comment":
    // What is done to the first of many packets is done to the plan's.
    case "limit":
      return true;
    case "conntrack":
    case "state": {
      const [, not, states] = /ct state (!= )?([a-z,]+)/.exec(text) ?? [];
      if (states === undefined) return undefined;
      return states.split(",").includes(packet.state) !== (not !== undefined);
    }
    case "rpfilter":
      return packet.back === undefined ? undefined : !packet.back.sameInterface;
    case "addrtype": {
      const [, not, type] = /fib daddr type (!= )?(\w+)/.exec(text) ?? [];
      return type === undefined ? undefined : typeIs(type, packet) !== (not !== undefined);
    }
    case "icmp":
    case "icmp6": {
      const type = /icmp(?:v6)? type (\S+)/.exec(text)?.[1];
      return type === undefined ? undefined : type === packet.icmpType;
    }
    case "multiport": {
      const ports = /dport (?:\{ )?([\d, -]*\d)/.exec(text)?.[1];
      if (ports === undefined || packet.dport === undefined) return undefined;
      return ports.split(", ").some((each) => {
        const [first, last = first] = each.split("-").map(Number);
        return first! <= packet.dport! && packet.dport! <= last!;
      });
    }
    default:
      return undefined;
  }
}

export const statementName = (statement: Statement): string => Object.keys(statement)[0] ?? "";
