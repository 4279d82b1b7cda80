// A strict reader of RouterOS 7 scripts, for the menus that an exporter writes: documented properties and their values.
import { is, upTo, type Check } from "./value-checks.ts";

export interface RouterOsItem {
  readonly menu: string;
  readonly properties: ReadonlyMap<string, string>;
}

const FOUR = is(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/);
const SIX = is(/^[0-9a-f:]*:[0-9a-f:.]*\/\d{1,3}$/);
const PREFIX: Check = (value) => FOUR(value) || SIX(value);
const KEY = is(/^[A-Za-z0-9+/]{43}=$/);
const NAME = is(/^[\w-]+$/);
const NOT_NAME = is(/^!?[\w-]+$/);
const BOOL = is(/^(yes|no)$/);
const ANY: Check = () => true;

const matchers = (prefix: Check) => ({
  chain: NAME,
  "in-interface": NAME,
  "out-interface": NAME,
  "in-interface-list": NAME,
  "out-interface-list": NAME,
  "src-address-list": NOT_NAME,
  "dst-address-list": NOT_NAME,
  "dst-address": prefix,
  "dst-address-type": is(/^!?(unicast|local|broadcast|multicast)$/),
  protocol: is(/^(tcp|udp)$/),
  comment: ANY,
});
const family = (path: "/ip" | "/ipv6", prefix: Check): Record<string, Record<string, Check>> => ({
  [`${path}/address`]: {
    address: prefix,
    interface: NAME,
    comment: ANY,
    ...(path === "/ipv6" ? { advertise: BOOL, "no-dad": BOOL } : {}),
  },
  [`${path}/route`]: {
    "dst-address": prefix,
    gateway: NAME,
    "routing-table": NAME,
    comment: ANY,
    ...(path === "/ip" ? { "pref-src": is(/^(\d{1,3}\.){3}\d{1,3}$/) } : {}),
  },
  [`${path}/firewall/address-list`]: { list: NAME, address: prefix, comment: ANY },
  [`${path}/firewall/raw`]: { ...matchers(prefix), action: is(/^(drop|notrack|accept)$/) },
  [`${path}/firewall/filter`]: {
    ...matchers(prefix),
    action: is(/^(accept|drop|jump)$/),
    "jump-target": NAME,
    "connection-nat-state": is(/^(srcnat|dstnat)$/),
  },
  [`${path}/firewall/mangle`]: {
    ...matchers(prefix),
    action: is(/^change-mss$/),
    "new-mss": upTo(65_535, 1),
    "tcp-flags": is(/^syn$/),
    "tcp-mss": is(/^\d{1,5}-\d{1,5}$/),
    passthrough: BOOL,
  },
});
/** Properties by menu; other menus and properties are mistakes. */
const MENUS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  ...family("/ip", FOUR),
  ...family("/ipv6", SIX),
  "/interface/list": { name: NAME, comment: ANY },
  "/interface/list/member": { list: NAME, interface: NAME, comment: ANY },
  "/interface/wireguard": {
    name: is(/^[\w-]{1,15}$/),
    "listen-port": upTo(65_535, 1),
    mtu: upTo(65_536),
    "private-key": (value) => KEY(value) || value === "$tofroPrivateKey",
    disabled: BOOL,
    comment: ANY,
  },
  "/interface/wireguard/peers": {
    interface: NAME,
    "public-key": KEY,
    "preshared-key": KEY,
    "allowed-address": (value) => value.split(",").every(PREFIX),
    "endpoint-address": is(/^[\w.:-]+$/),
    "endpoint-port": upTo(65_535, 1),
    "persistent-keepalive": is(/^\d+s$/),
    comment: ANY,
  },
  "/routing/table": { name: NAME, fib: is(/^$/), comment: ANY },
  "/routing/rule": {
    "src-address": PREFIX,
    interface: NAME,
    action: is(/^(lookup|lookup-only-in-table|drop|unreachable)$/),
    table: NAME,
    comment: ANY,
  },
};
const SETTINGS = /^\/(ip\/settings\/set ip-forward|ipv6\/settings\/set forward)=yes$/;
const OURS = String.raw`\[find where comment~"\^tofro"\]`;
const VERBS = new RegExp(`^(/[a-z/0-9-]+)/(remove|enable) ${OURS}$`);
const STRING = String.raw`"(?:[^"\\$]|\\["\\$])*"`;
/** Scripting: a global, a condition that ends it, and a move that may fail. */
const SCRIPT = new RegExp(
  [
    String.raw`^:global \w+$`,
    String.raw`^:if \(\[(?:/ip/settings/get rp-filter|:typeof \$\w+)\] !?= ${STRING}\) do=\{ :error ${STRING} \}$`,
    String.raw`^:do \{ /(?:ip|ipv6)/firewall/filter/move \[find where comment=${STRING}\] destination=\[:pick \[find where dynamic=no\] 0\] \} on-error=\{ :put ${STRING} \}$`,
  ].join("|"),
);
const WORD = new RegExp(String.raw` ([a-z-]+)(?:=(?:(${STRING})|([^\s"';{}\[\]]+)))?`, "y");

/** What is added, in order. Throws at the first line that is not of the documented grammar. */
export function parseRouterOs(text: string): RouterOsItem[] {
  const items: RouterOsItem[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "" || line.startsWith("#") || SCRIPT.test(line) || SETTINGS.test(line)) continue;
    const refuse = (why: string): never => {
      throw new Error(`line ${index + 1}: ${why}: ${line}`);
    };
    const [, verbMenu] = VERBS.exec(line) ?? [];
    if (verbMenu !== undefined) {
      if (MENUS[verbMenu] === undefined) refuse("no such menu");
      continue;
    }
    const [start, menu] = /^(\/[a-z/0-9-]+)\/add(?= )/.exec(line) ?? refuse("no command");
    items.push({ menu: menu!, properties: properties(line, start.length, MENUS[menu!], refuse) });
  }
  refer(items);
  return items;
}

function properties(
  line: string,
  from: number,
  known: Readonly<Record<string, Check>> | undefined,
  refuse: (why: string) => never,
): Map<string, string> {
  if (known === undefined) return refuse("no such menu");
  const found = new Map<string, string>();
  WORD.lastIndex = from;
  while (WORD.lastIndex < line.length) {
    const [, key, quoted, bare] = WORD.exec(line) ?? refuse("no property");
    const value = quoted?.slice(1, -1) ?? bare ?? "";
    if (known[key!]?.(value) !== true) refuse(`no property ${key} with this value`);
    if (found.has(key!)) refuse(`${key} twice`);
    found.set(key!, value);
  }
  return found;
}

/** What is named has been added above; what is added is found again. */
function refer(items: readonly RouterOsItem[]): void {
  const interfaces = new Set<string>();
  const lists = new Set<string>();
  const tables = new Set(["main"]);
  const addresses = new Set<string>();
  const chains = new Set(["forward", "output", "prerouting", "tofro"]);
  const demand = (names: ReadonlySet<string>, value: string | undefined): void => {
    const name = value?.replace(/^!/, "");
    if (name !== undefined && !names.has(name)) throw new Error(`there is no ${name} yet`);
  };
  for (const { menu, properties: has } of items) {
    const get = (key: string): string | undefined => has.get(key);
    if (get("comment")?.startsWith("tofro") !== true) throw new Error(`${menu}: it would not be found again`);
    for (const key of ["interface", "in-interface", "out-interface", "gateway"]) demand(interfaces, get(key));
    for (const key of ["in-interface-list", "out-interface-list"]) demand(lists, get(key));
    if (menu === "/interface/list/member") demand(lists, get("list"));
    for (const key of ["routing-table", "table"]) demand(tables, get(key));
    const path = menu.slice(0, menu.indexOf("/", 1));
    for (const key of ["src-address-list", "dst-address-list"])
      demand(addresses, get(key)?.replace(/^(!?)/, `$1${path} `));
    for (const key of ["chain", "jump-target"]) demand(chains, get(key));
    if (menu === "/interface/wireguard") interfaces.add(get("name")!);
    if (menu === "/interface/list") lists.add(get("name")!);
    if (menu === "/routing/table") tables.add(get("name")!);
    if (menu.endsWith("/address-list")) addresses.add(`${path} ${get("list")!}`);
  }
}
