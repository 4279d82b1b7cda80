// A strict reader of `uci batch` for the sections that an exporter writes: OpenWrt's documented options and their values.
import { is, upTo, type Check } from "./value-checks.ts";

export interface UciSection {
  readonly type: string;
  readonly options: Map<string, string | string[]>;
}

const KEY = is(/^([A-Za-z0-9+/]{43}=|__TOFRO_OWN_KEY__)$/);
const FOUR = is(/^(\d{1,3}\.){3}\d{1,3}(\/\d{1,2})?$/);
const SIX = is(/^[0-9a-f:]*:[0-9a-f:.]*(\/\d{1,3})?$/);
const EITHER: Check = (value) => FOUR(value) || SIX(value);
const NAME = is(/^[A-Za-z0-9_]+$/);
const BOOL = is(/^[01]$/);
const HEX = is(/^0x[0-9a-f]+(\/0x[0-9a-f]+)?$/);
const TARGET = is(/^(ACCEPT|REJECT|DROP)$/);

const route = (address: Check) => ({
  interface: NAME,
  target: address,
  source: address,
  table: upTo(2 ** 32 - 1),
  mtu: upTo(65_535),
  proto: upTo(255),
});
const rule = (address: Check) => ({
  in: NAME,
  src: address,
  dest: address,
  priority: upTo(2 ** 32 - 1),
  mark: HEX,
  lookup: is(/^(main|\d+)$/),
  action: is(/^(prohibit|unreachable|blackhole|throw)$/),
  suppress_prefixlength: upTo(128),
});
const PEER = {
  public_key: KEY,
  preshared_key: KEY,
  allowed_ips: EITHER,
  route_allowed_ips: BOOL,
  endpoint_host: is(/^[A-Za-z0-9.:-]+$/),
  endpoint_port: upTo(65_535),
  persistent_keepalive: upTo(65_535),
};

/** Options by config and section type; sections of other types, and other options, are mistakes. */
const TYPES: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  "network interface": {
    proto: is(/^wireguard$/),
    private_key: KEY,
    listen_port: upTo(65_535),
    mtu: upTo(65_535),
    fwmark: HEX,
    addresses: EITHER,
    nohostroute: BOOL,
  },
  "network route": route(FOUR),
  "network route6": route(SIX),
  "network rule": rule(FOUR),
  "network rule6": rule(SIX),
  "firewall zone": { name: is(/^\w{1,11}$/), network: NAME, input: TARGET, output: TARGET, forward: TARGET },
  "firewall forwarding": { src: NAME, dest: NAME },
  "firewall rule": {
    name: is(/^.+$/),
    src: NAME,
    dest: NAME,
    proto: is(/^(tcp|udp|icmp)$/),
    dest_ip: EITHER,
    dest_port: is(/^\d+( \d+)*$/),
    target: TARGET,
  },
  "firewall include": {
    type: is(/^nftables$/),
    path: is(/^\/[\w./-]+$/),
    position: is(/^(ruleset|table|chain)-(pre|post)$/),
  },
};
const LISTS = new Set(["addresses", "allowed_ips", "network"]);
const MARK = "tofro";

/** Sections by `config.name`, in order. Throws at the first line that OpenWrt's documentation does not have. */
export function parseUciBatch(text: string): Map<string, UciSection> {
  const sections = new Map<string, UciSection>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "") continue;
    const refuse = (why: string): never => {
      throw new Error(`line ${index + 1}: ${why}: ${line}`);
    };
    const [, verb, path = "", option, quoted, type] =
      /^(set|add_list) ((?:network|firewall)\.[A-Za-z0-9_]+)(?:\.([a-z0-9_]+)='([^'\n]*)'|=([A-Za-z0-9_]+))$/.exec(
        line,
      ) ?? refuse("no command of uci batch");
    const section = sections.get(path);
    if (type !== undefined) {
      if (verb !== "set" || section !== undefined) refuse("a section twice");
      if (optionsOf(path, type) === undefined) refuse("no such type of section");
      sections.set(path, { type, options: new Map() });
      continue;
    }
    if (section === undefined) return refuse("an option of no section");
    const value = quoted!;
    if (option !== MARK) {
      const check = optionsOf(path, section.type)![option!] ?? refuse("no such option");
      if (!check(value)) refuse("no such value");
    }
    if (LISTS.has(option!) !== (verb === "add_list")) refuse("a list is added to, an option is set");
    const before = section.options.get(option!);
    if (typeof before === "string" || (before !== undefined && verb === "set"))
      return refuse("an option twice");
    section.options.set(option!, verb === "set" ? value : (before ?? []).concat(value));
  }
  refer(sections);
  return sections;
}

function optionsOf(path: string, type: string): Readonly<Record<string, Check>> | undefined {
  const config = path.slice(0, path.indexOf("."));
  if (config === "network" && type.startsWith("wireguard_")) return PEER;
  return TYPES[`${config} ${type}`];
}

/** What names an interface names one that is there, by a name that the kernel takes. */
function refer(sections: ReadonlyMap<string, UciSection>): void {
  const isInterface = (name: string): boolean =>
    sections.get(`network.${name}`)?.type === "interface" && name.length <= 15;
  for (const [path, { type, options }] of sections) {
    const named = [options.get("interface"), options.get("in"), options.get("network")].flat();
    if (type.startsWith("wireguard_")) named.push(type.slice("wireguard_".length));
    for (const name of named)
      if (name !== undefined && !isInterface(name)) throw new Error(`${path}: there is no interface ${name}`);
    if (options.get(MARK) !== "1") throw new Error(`${path}: it would not be found again`);
  }
}
