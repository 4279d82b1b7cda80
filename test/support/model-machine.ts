// A machine as far as changes touch it: what the kernel does with each, side effects included.
import type { Change, WireguardSettings } from "../../src/core/diff.ts";
import { routeKey, ruleKey, type MachineInterface, type MachineState } from "../../src/core/machine-state.ts";
import { IDENTITY, type NodeState, type Route } from "../../src/core/node-state.ts";

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

/** The keys that the machine would be given; `change` speaks of files, the state of what is in them. */
export interface Keys {
  readonly publicKey: string;
  /** By interface. */
  readonly presharedKeyPrints: ReadonlyMap<string, string>;
}

export class ModelMachine {
  #identity: MachineState["identity"];
  readonly #interfaces: Map<string, Mutable<MachineInterface>>;
  readonly #routes: Map<string, Route>;
  readonly #rules: Map<string, MachineState["rules"] extends ReadonlyMap<string, infer Rule> ? Rule : never>;
  readonly #sysctls: Map<string, string>;
  #firewall: string | undefined;
  readonly #keys: Keys;

  constructor(state: MachineState, keys: Keys) {
    this.#identity = state.identity;
    this.#interfaces = new Map([...state.interfaces].map(([name, each]) => [name, { ...each }]));
    this.#routes = new Map(state.routes);
    this.#rules = new Map(state.rules);
    this.#sysctls = new Map(state.sysctls);
    this.#firewall = state.firewall;
    this.#keys = keys;
  }

  get state(): MachineState {
    return {
      ...(this.#identity === undefined ? {} : { identity: this.#identity }),
      interfaces: new Map([...this.#interfaces].map(([name, each]) => [name, { ...each }])),
      routes: new Map(this.#routes),
      rules: new Map(this.#rules),
      sysctls: new Map(this.#sysctls),
      ...(this.#firewall === undefined ? {} : { firewall: this.#firewall }),
    };
  }

  /** Throws where the command would fail. */
  run(change: Change): void {
    switch (change.kind) {
      case "identity-add":
        must(this.#identity === undefined, "it is there");
        this.#identity = { device: change.device, addresses: [], up: false };
        return;
      case "identity-up":
        this.#identity = { ...found(this.#identity), up: true };
        return;
      case "identity-delete":
        found(this.#identity);
        this.#identity = undefined;
        return this.#flushSources();
      case "interface-add":
        must(!this.#interfaces.has(change.name), "it is there");
        this.#interfaces.set(change.name, blank(change.name, change.tunnel));
        this.#sysctls.set(`net.ipv4.conf.${change.name}.rp_filter`, "0");
        return;
      case "alias":
        found(this.#interfaces.get(change.name)).tunnel = change.tunnel;
        return;
      case "interface-delete":
        must(this.#interfaces.delete(change.name), "it is not there");
        this.#sysctls.delete(`net.ipv4.conf.${change.name}.rp_filter`);
        this.#flush((route) => route.interface === change.name);
        return this.#flushSources();
      case "wireguard":
        return this.#wireguard(found(this.#interfaces.get(change.name)), change.set);
      case "address-add":
      case "address-delete":
        return this.#address(change);
      case "link": {
        const link = found(this.#interfaces.get(change.name));
        link.mtu = change.mtu;
        link.up = change.up;
        if (!change.up) this.#flush((route) => route.interface === change.name);
        return;
      }
      case "route-replace":
        must(this.#interfaces.get(change.route.interface)?.up === true, "network is down");
        must(this.#holds(change.route.source), "invalid source");
        this.#routes.set(routeKey(change.route), change.route);
        return;
      case "route-delete": {
        const present = this.#routes.get(routeKey(change.route));
        must(present?.interface === change.route.interface, "no such process");
        this.#routes.delete(routeKey(change.route));
        return;
      }
      case "rule-add":
        must(!this.#rules.has(ruleKey(change.rule)), "it is there");
        this.#rules.set(ruleKey(change.rule), change.rule);
        return;
      case "rule-delete":
        must(this.#rules.delete(ruleKey(change.rule)), "it is not there");
        return;
      case "sysctl":
        this.#sysctls.set(change.key, change.value);
        return;
      case "firewall":
        this.#firewall = change.listing;
        return;
      case "elements-add":
      case "elements-delete":
        this.#firewall = withElements(found(this.#firewall), change);
        return;
      case "firewall-delete":
        found(this.#firewall);
        this.#firewall = undefined;
    }
  }

  /** As `undo` does: what cannot be done is passed over. */
  tryAll(changes: readonly Change[]): void {
    for (const change of changes) {
      try {
        this.run(change);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
    }
  }

  #wireguard(link: Mutable<MachineInterface>, set: WireguardSettings): void {
    if (set.listenPort !== undefined) {
      const { listenPort } = set;
      const isFree = [...this.#interfaces.values()].every(
        (each) => each.name === link.name || !each.up || each.listenPort !== listenPort || listenPort === 0,
      );
      must(isFree, "address already in use");
      link.listenPort = listenPort;
    }
    if (set.fwmark === 0) delete link.fwmark;
    else if (set.fwmark !== undefined) link.fwmark = set.fwmark;
    if (set.privateKey !== undefined) link.publicKey = this.#keys.publicKey;
    if (set.removePeer !== undefined && link.peer?.publicKey === set.removePeer) delete link.peer;
    if (set.peer === undefined) return;
    const { presharedKey, endpoint, ...rest } = set.peer;
    const same = link.peer?.publicKey === set.peer.publicKey ? link.peer : undefined;
    must(same !== undefined || link.peer === undefined, "a second peer");
    link.peer = {
      ...(same ?? { presharedKeyPrint: "", allowedIps: [], keepaliveS: 0 }),
      ...rest,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(presharedKey === undefined
        ? {}
        : { presharedKeyPrint: presharedKey ? (this.#keys.presharedKeyPrints.get(link.name) ?? "") : "" }),
    };
  }

  #address({ kind, name, address }: Extract<Change, { readonly address: unknown }>): void {
    const device = name === IDENTITY ? found(this.#identity) : found(this.#interfaces.get(name));
    const has = device.addresses.includes(address);
    must(has === (kind === "address-delete"), "it is there, or it is not");
    const addresses = has
      ? device.addresses.filter((each) => each !== address)
      : [...device.addresses, address];
    if (name === IDENTITY) this.#identity = { ...found(this.#identity), addresses };
    else found(this.#interfaces.get(name)).addresses = addresses;
    if (!has) return;
    this.#flushSources();
    // The last IPv4 address takes every IPv4 route of its interface with it (fib_disable_ip).
    if (addresses.some((each) => !each.includes(":"))) return;
    this.#flush((route) => route.interface === name && !route.prefix.includes(":"));
  }

  #holds(source: string): boolean {
    const all = [this.#identity, ...this.#interfaces.values()].flatMap((each) => each?.addresses ?? []);
    return all.some((address) => address.startsWith(`${source}/`));
  }

  /** A local address that is gone takes the routes with it that name it as their source (fib_sync_down_addr). */
  #flushSources(): void {
    this.#flush((route) => !this.#holds(route.source));
  }

  #flush(isGone: (route: Route) => boolean): void {
    for (const [key, route] of this.#routes) if (isGone(route)) this.#routes.delete(key);
  }
}

class Refused extends Error {}

function must(holds: boolean, why: string): asserts holds {
  if (!holds) throw new Refused(why);
}

function found<Value>(value: Value | undefined): Value {
  must(value !== undefined, "it is not there");
  return value;
}

const blank = (name: string, tunnel: string): MachineInterface => ({
  name,
  tunnel,
  mtu: 1420,
  up: false,
  addresses: [],
  listenPort: 0,
  publicKey: "",
});

/** The plan's table, of the form that `nft -s list` prints, with rules that depend on the node as ours do. */
export const listingOf = ({ firewall }: NodeState): string =>
  listing(
    new Map<string, readonly string[]>([
      [
        "arrivals",
        firewall.arrivals.map((each) => `"${each.interface}" . ${each.source.replace(/\/(32|128)$/, "")}`),
      ],
      ["transits", firewall.transits.map((each) => `"${each.in}" . "${each.out}" counter`)],
      ["behind", firewall.prefixes],
    ]),
    firewall.transits.length > 0 ? "notrack" : "accept",
  );

function listing(sets: ReadonlyMap<string, readonly string[]>, rule: string): string {
  const blocks = Array.from(sets, ([name, elements]) => {
    const lines = elements.length === 0 ? "" : `\t\telements = { ${elements.join(",\n\t\t\t     ")} }\n`;
    return `\tset ${name} {\n\t\ttype ifname\n${lines}\t}\n`;
  });
  return `table inet tofro {\n${blocks.join("\n")}\n\tchain arrive {\n\t\t${rule}\n\t}\n}`;
}

/** All of the elements or none, as one transaction does it. */
function withElements(
  text: string,
  { kind, elements }: Extract<Change, { readonly elements: unknown }>,
): string {
  const sets = new Map(
    Array.from(text.matchAll(/\tset (\S+) \{\n([\s\S]*?)\n\t\}/g), ([, name, body]) => [
      name!,
      [...(/elements = \{ ([\s\S]*?) \}/.exec(body!)?.[1]?.split(/,\s*/) ?? [])],
    ]),
  );
  for (const [name, list] of elements) {
    const present = found(sets.get(name));
    const adds = kind === "elements-add";
    must(adds || list.every((each) => present.includes(each)), "no such element");
    sets.set(
      name,
      adds ? [...new Set([...present, ...list])] : present.filter((each) => !list.includes(each)),
    );
  }
  return listing(sets, /\tchain arrive \{\n\t\t(.*)/.exec(text)![1]!);
}
