// The lab's underlay as a plan: its hosts, their addresses and interfaces, and the wires between them.
//
//   a ── a.nat ──┬── b        Public hosts: nodes with an endpoint, forwarders, and a NAT router for each node without.
//                └── c        One wire for each pair of them; a node behind NAT hangs on its router, unimpaired.
//
// An uplink is a place of its own: with an endpoint at its node, else behind a router of its own (`a.lte.nat`). It has a wire to
// whatever a tunnel over it could lead to, and its packets leave by its own routing table, as on a machine with two providers.
import { fnv1a } from "../core/fnv.ts";
import type { Address } from "../core/address.ts";
import { Diagnostics } from "../core/diagnostics.ts";
import type { Diagnostic } from "../core/error.ts";
import type { EndpointSpec, Spec } from "../core/spec.ts";
import type { Forwarder } from "../core/topology.ts";
import type { Impairment } from "./impairment.ts";
import { isSameDirection, type Direction, type LabFile } from "./lab-file.ts";
import { uplinkEndpoint, UnderlayAddresses } from "./underlay-addresses.ts";

export interface Underlay {
  readonly hosts: readonly UnderlayHost[];
  readonly wires: readonly Wire[];
  /** Text of every host's /etc/hosts. */
  readonly etcHosts: string;
}

export interface UnderlayHost {
  readonly name: string;
  readonly role: Role;
  /** IPv4 first. */
  readonly addresses: readonly Address[];
}

type Role =
  | { readonly kind: "node" }
  /** Behind `router`, whose inner addresses are the gateways. */
  | { readonly kind: "hidden"; readonly router: string; readonly gateways: readonly Address[] }
  /** Masquerades what comes from `inside`, its interface towards its node. */
  | { readonly kind: "nat"; readonly inside: string; readonly innerAddresses: readonly Address[] }
  | { readonly kind: "forwarder"; readonly forward?: Forward };

/** UDP to `port` goes on to one of `to` (one address a family), from the forwarder's own address. */
export interface Forward {
  readonly port: number;
  readonly to: readonly Address[];
  readonly toPort: number;
}

export interface Wire {
  readonly ends: readonly [WireEnd, WireEnd];
  /** What happens from the first end to the second, and back; absent: a plain wire for ever. */
  readonly links?: readonly [Link, Link];
}

export interface Link extends Direction {
  readonly impairment: Impairment;
}

export interface WireEnd {
  readonly host: string;
  readonly interface: string;
  readonly mac: string;
  readonly addresses: readonly Address[];
  /** The other end leads everywhere. */
  readonly isGateway?: true;
  /** Routing table for what has these addresses, or a tunnel's mark; absent: main. */
  readonly table?: number;
  /** Main knows the other end as well: nothing but the address leads there. */
  readonly isInMain?: true;
}

/** The interface of a node behind NAT. */
const TO_ROUTER = "nat";
/** Of uplinks that name no table: above those that they may name, and away from tofro's. */
const LAB_TABLE = 30_000;

/** Plans the underlay of a valid spec; `forwarders` are the compiled ones, which know the port behind the forward. */
export function planUnderlay(
  spec: Spec,
  lab: LabFile,
  forwarders: readonly Forwarder[],
): { underlay: Underlay; diagnostics: Diagnostic[] } {
  const found = new Diagnostics();
  const addresses = new UnderlayAddresses(spec, lab);
  const places = [
    ...spec.nodes.map(({ name, endpoint }): Place => ({ name, endpoint, forwarder: false })),
    ...spec.nodes.flatMap(({ name, uplinks = [] }) =>
      uplinks.map((each, index): Place => {
        const uplink = {
          name: each.name,
          table: each.table?.value ?? LAB_TABLE + index,
          isInMain: each.table === undefined,
        };
        return { name, endpoint: uplinkEndpoint(each), forwarder: false, uplink };
      }),
    ),
    // One of our own is what a node does: that node is the host.
    ...spec.forwarders.flatMap(({ name, listen }) =>
      listen === undefined ? [] : [{ name, endpoint: listen, forwarder: true }],
    ),
  ].map((place) => ({
    ...place,
    written: place.endpoint && addresses.claim(ownerOf(place), place.endpoint, found),
  }));
  const sites = places.map(({ endpoint, written, ...place }): Site => {
    const owner = ownerOf(place);
    const site = { ...place, addresses: addresses.complete(owner, "public", written) };
    if (endpoint !== undefined) return { ...site, host: place.name, dialled: endpoint.host };
    const inside = addresses.complete(owner, "private");
    const gateways = addresses.complete(`${owner}.nat`, "private");
    return { ...site, host: `${owner}.nat`, nat: { inside, gateways } };
  });
  const forwards = new Map(forwarders.map((each) => [each.name, forwardOf(each, sites)]));
  return {
    underlay: {
      hosts: sites.flatMap((site) => hostsOf(site, sites, forwards.get(site.name))),
      wires: wiresOf(sites, lab),
      etcHosts: etcHosts(sites, lab),
    },
    diagnostics: found.sorted(),
  };
}

/** A node, one of its uplinks, or a forwarder. */
interface Place {
  /** The node's or forwarder's. */
  readonly name: string;
  readonly endpoint?: EndpointSpec | undefined;
  readonly forwarder: boolean;
  readonly uplink?: Uplink;
}

interface Uplink {
  readonly name: string;
  readonly table: number;
  readonly isInMain: boolean;
}

/** In the public underlay. */
interface Site extends Omit<Place, "endpoint"> {
  /** The host on the public side: itself or its NAT router. */
  readonly host: string;
  readonly addresses: readonly Address[];
  /** Host of its endpoint as written. */
  readonly dialled?: string;
  readonly nat?: { readonly inside: readonly Address[]; readonly gateways: readonly Address[] };
}

const ownerOf = ({ name, uplink }: Pick<Place, "name" | "uplink">): string =>
  uplink === undefined ? name : `${name}.${uplink.name}`;

function forwardOf(forwarder: Forwarder, sites: readonly Site[]): Forward | undefined {
  const site = sites.find(({ name, uplink }) => name === forwarder.to && uplink === undefined);
  if (site === undefined || forwarder.toPort === undefined) return undefined;
  return { port: forwarder.listen.port, to: site.addresses, toPort: forwarder.toPort };
}

/** Of an uplink only its router: its addresses are its node's. */
function hostsOf(site: Site, sites: readonly Site[], forward: Forward | undefined): UnderlayHost[] {
  const { name, addresses, nat, uplink } = site;
  if (site.forwarder) return [{ name, addresses, role: { kind: "forwarder", ...(forward && { forward }) } }];
  const router: UnderlayHost[] = (nat ? [nat] : []).map(({ gateways }) => ({
    name: site.host,
    addresses,
    role: { kind: "nat", inside: underlayInterface(name), innerAddresses: gateways },
  }));
  if (uplink !== undefined) return router;
  const more = sites
    .filter((each) => each.name === name && each.uplink !== undefined)
    .flatMap((each) => each.nat?.inside ?? each.addresses);
  return [
    {
      name,
      addresses: [...(nat?.inside ?? addresses), ...more],
      role: nat ? { kind: "hidden", router: site.host, gateways: nat.gateways } : { kind: "node" },
    },
    ...router,
  ];
}

function wiresOf(sites: readonly Site[], lab: LabFile): Wire[] {
  const inner = sites.flatMap(({ name, host, nat, uplink }) =>
    nat === undefined
      ? []
      : [
          [
            {
              ...end(name, interfaceTo(TO_ROUTER, uplink?.name), nat.inside),
              isGateway: true as const,
              ...(uplink && { table: uplink.table }),
            },
            end(host, underlayInterface(name), nat.gateways),
          ] as const,
        ],
  );
  const main = sites.filter(({ uplink }) => uplink === undefined);
  const outer = main.flatMap((a, index) =>
    main.slice(index + 1).flatMap((b) => [{ a, b, over: undefined }, ...overUplinks(a, b, sites)]),
  );
  return [
    ...inner.map((ends, index): Wire => ({ ends: withMacs(index, ends) })),
    ...outer.map(({ a, b, over }, index): Wire => {
      const ends = [publicEnd(a, b, over), publicEnd(b, a, over)] as const;
      const named = over === undefined ? {} : { over };
      return {
        ends: withMacs(inner.length + index, ends),
        links: [
          linkOf({ from: a.name, to: b.name, ...named }, lab),
          linkOf({ from: b.name, to: a.name, ...named }, lab),
        ],
      };
    }),
  ];
}

/** What tunnels between two nodes over each of their uplinks run between: the uplink where a node has it, else its main place. */
function overUplinks(a: Site, b: Site, sites: readonly Site[]): { a: Site; b: Site; over: string }[] {
  const uplinks = ({ name }: Site): Site[] =>
    sites.filter((each) => each.name === name && each.uplink !== undefined);
  if (a.forwarder || b.forwarder) return [];
  const [ofA, ofB] = [uplinks(a), uplinks(b)];
  const names = new Set([...ofA, ...ofB].map(({ uplink }) => uplink!.name));
  const named = (all: readonly Site[], over: string): Site | undefined =>
    all.find(({ uplink }) => uplink?.name === over);
  return [...names].map((over) => ({ a: named(ofA, over) ?? a, b: named(ofB, over) ?? b, over }));
}

/** A router's routes are all main's. */
function publicEnd({ host, addresses, nat, uplink }: Site, to: Site, over: string | undefined): BareEnd {
  const own = nat === undefined ? uplink : undefined;
  return {
    ...end(host, interfaceTo(to.name, over), addresses),
    ...(own && { table: own.table }),
    ...(own?.isInMain === true && to.uplink !== undefined && { isInMain: true }),
  };
}

/** `~` stands in no name. */
const interfaceTo = (peer: string, over: string | undefined): string =>
  underlayInterface(over === undefined ? peer : `${peer}~${over}`);

type BareEnd = Omit<WireEnd, "mac">;
const end = (host: string, name: string, addresses: readonly Address[]): BareEnd => ({
  host,
  interface: name,
  addresses,
});

/** Fixed MAC addresses (locally administered) make fixed neighbours: no ARP that an impairment could delay or lose. */
function withMacs(index: number, [a, b]: readonly [BareEnd, BareEnd]): Wire["ends"] {
  const mac = (side: number): string =>
    ["02", "74", "6f", hex(index >> 8), hex(index & 255), hex(side)].join(":");
  return [
    { ...a, mac: mac(0) },
    { ...b, mac: mac(1) },
  ];
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

function linkOf(direction: Direction, lab: LabFile): Link {
  const entry = lab.links.findLast((each) => isSameDirection(each, direction));
  return { ...direction, impairment: entry?.impairment ?? lab.fallback };
}

/** `u-<peer>`, cut at the kernel's 15 bytes with a suffix that depends on the whole name. */
export function underlayInterface(peer: string): string {
  const full = `u-${peer}`;
  if (full.length <= 15) return full;
  return `${full.slice(0, 8).replace(/-+$/, "")}-${fnv1a(full).toString(36).padStart(7, "0").slice(-6)}`;
}

function etcHosts(sites: readonly Site[], lab: LabFile): string {
  const names = new Map<string, readonly Address[]>();
  for (const { name, host, addresses, nat, uplink } of sites) {
    if (uplink === undefined || nat) names.set(host, addresses);
    if (uplink === undefined) names.set(name, nat?.inside ?? addresses);
  }
  for (const { dialled, addresses } of sites) {
    if (dialled !== undefined && !addresses.some((address) => address === dialled)) {
      names.set(dialled.replace(/\.$/, ""), addresses);
    }
  }
  for (const [name, { value }] of lab.hosts) {
    const same = [...names.keys()].find((each) => each.toLowerCase() === name);
    names.set(same ?? name, [value]);
  }
  const lines = [...names].flatMap(([name, own]) => own.map((address) => `${address} ${name}`));
  return ["127.0.0.1 localhost", "::1 localhost", ...lines, ""].join("\n");
}
