// `ip route show [table all]`: the routes of a machine but for those that the kernel makes of addresses.
import type { Diagnostics } from "../diagnostics.ts";
import type { Family } from "../address.ts";
import type { Position } from "../error.ts";
import type { Located } from "../spec.ts";
import type { Output } from "./output.ts";
import { tableOf, type SaidRoute } from "./script.ts";
import { quoteLine, writtenAddress } from "./values.ts";

export interface SeenRoutes {
  readonly routes: readonly SaidRoute[];
  /** Routes of a kind that a plan has no place for, whole, and the devices that they name. */
  readonly others: readonly OtherRoute[];
}

export interface OtherRoute extends Located<string> {
  readonly devices: readonly string[];
}

/** A route as either form says it; what is absent is not said. */
export interface RouteWords {
  readonly text: string;
  readonly at: Position;
  readonly type: string;
  readonly to: string;
  readonly device?: string | undefined;
  readonly table?: string | undefined;
  readonly protocol?: string | undefined;
  readonly source?: string | undefined;
  readonly metric?: string | undefined;
  readonly mtu?: string | undefined;
  /** Of a route with several next hops. */
  readonly nextHops: readonly string[];
}

const TYPE = /^(unicast|local|broadcast|multicast|anycast|unreachable|blackhole|prohibit|throw)$/;
/** The kernel's own, in table `local`. */
const OF_ADDRESSES = new Set(["local", "broadcast", "multicast", "anycast"]);
const AGAIN = "save `ip route show table all` again, whole";

export function readRoutes({ lines }: Output, found: Diagnostics): SeenRoutes {
  const told: RouteWords[] = [];
  for (const { value: line, at } of lines) {
    const words = line.trim().split(/\s+/);
    const last = told.at(-1);
    if (/^\s+nexthop /.test(line) && last !== undefined)
      told.push({ ...told.pop()!, nextHops: [...last.nextHops, after(words, "dev") ?? ""] });
    else if (/^\s/.test(line))
      found.error("bad-output", at, `${quoteLine(line)} is no line of \`ip route show\``, AGAIN);
    else told.push(wordsOf(words, line.trim(), at));
  }
  return joined(told.map((each) => seenRoute(each, familyBy(each), found)));
}

export const joined = (all: readonly SeenRoutes[]): SeenRoutes => ({
  routes: all.flatMap(({ routes }) => routes),
  others: all.flatMap(({ others }) => others),
});

const after = (words: readonly string[], word: string): string | undefined => {
  const index = words.indexOf(word, 1);
  return index < 0 ? undefined : (words[index + 1] ?? "");
};

function wordsOf(words: readonly string[], text: string, at: Position): RouteWords {
  const isTyped = TYPE.test(words[0]!);
  const rest = isTyped ? words.slice(1) : words;
  const mtu = after(rest, "mtu");
  return {
    text,
    at,
    type: isTyped ? words[0]! : "unicast",
    to: rest[0] ?? "",
    device: after(rest, "dev"),
    table: after(rest, "table"),
    protocol: after(rest, "proto"),
    source: after(rest, "src"),
    metric: after(rest, "metric"),
    mtu: mtu === "lock" ? after(rest, "lock") : mtu,
    nextHops: [],
  };
}

/** Of `default`: IPv6's has a preference always, and addresses with colons. */
const familyBy = ({ text }: Pick<RouteWords, "text">): Family =>
  / pref (?:low|medium|high)\b/.test(text) || /\b(?:via|src)(?: inet6)? [^ ]*:/.test(text) ? 6 : 4;

/** None: the kernel's, or wrong and reported. */
export function seenRoute(words: RouteWords, family: Family, found: Diagnostics): SeenRoutes {
  const { text, at, type, to, device, source } = words;
  if (
    OF_ADDRESSES.has(type) ||
    words.table === "local" ||
    words.table === "255" ||
    words.protocol === "kernel"
  )
    return { routes: [], others: [] };
  const prefix = writtenAddress(to === "default" ? (family === 6 ? "::/0" : "0.0.0.0/0") : to)?.prefix;
  const own = source === undefined ? undefined : writtenAddress(source)?.address;
  const numbers = [words.metric, words.mtu].every((each) => each === undefined || /^\d{1,10}$/.test(each));
  const devices = [...words.nextHops, ...(device === undefined ? [] : [device])];
  if (
    prefix === undefined ||
    device === "" ||
    words.table === "" ||
    (source !== undefined && own === undefined) ||
    !numbers
  )
    found.error("bad-output", at, `${quoteLine(text)} is no route as \`ip\` prints it`, AGAIN);
  else if (type !== "unicast" || device === undefined)
    return { routes: [], others: [{ value: text, at, devices }] };
  else {
    const route = {
      at,
      prefix,
      device,
      table: tableOf(words.table),
      ...(own && { source: own }),
      ...(words.mtu !== undefined && { mtu: Number(words.mtu) }),
      ...(words.metric !== undefined && { metric: Number(words.metric) }),
    };
    return { routes: [route], others: [] };
  }
  return { routes: [], others: [] };
}
