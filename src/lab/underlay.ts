// The lab's underlay as a plan: its hosts, their addresses and interfaces, and the wires between them.
//
//   a ── a.nat ──┬── b        Public hosts: nodes with an endpoint, forwarders, and a NAT router for each node without.
//                └── c        One wire for each pair of them; a node behind NAT hangs on its router, unimpaired.
import { fnv1a } from "../core/fnv.ts";
import type { Address } from "../core/address.ts";
import { Diagnostics } from "../core/diagnostics.ts";
import type { Diagnostic } from "../core/error.ts";
import type { Spec } from "../core/spec.ts";
import type { Forwarder } from "../core/topology.ts";
import type { Impairment } from "./impairment.ts";
import type { Direction, LabFile } from "./lab-file.ts";
import { UnderlayAddresses } from "./underlay-addresses.ts";

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
}

/** The interface of a node behind NAT. */
const TO_ROUTER = "u-nat";

/** Plans the underlay of a valid spec; `forwarders` are the compiled ones, which know the port behind the forward. */
export function planUnderlay(
  spec: Spec,
  lab: LabFile,
  forwarders: readonly Forwarder[],
): { underlay: Underlay; diagnostics: Diagnostic[] } {
  const found = new Diagnostics();
  const addresses = new UnderlayAddresses(spec, lab);
  const places = [
    ...spec.nodes.map(({ name, endpoint }) => ({ name, endpoint, forwarder: false })),
    // One of our own is what a node does: that node is the host.
    ...spec.forwarders.flatMap(({ name, listen }) =>
      listen === undefined ? [] : [{ name, endpoint: listen, forwarder: true }],
    ),
  ].map((place) => ({
    ...place,
    written: place.endpoint && addresses.claim(place.name, place.endpoint, found),
  }));
  const sites = places.map(({ name, endpoint, forwarder, written }): Site => {
    const site = { name, addresses: addresses.complete(name, "public", written), forwarder };
    if (endpoint !== undefined) return { ...site, host: name, dialled: endpoint.host };
    const inside = addresses.complete(name, "private");
    const gateways = addresses.complete(`${name}.nat`, "private");
    return { ...site, host: `${name}.nat`, nat: { inside, gateways } };
  });
  const forwards = new Map(forwarders.map((each) => [each.name, forwardOf(each, sites)]));
  return {
    underlay: {
      hosts: sites.flatMap((site) => hostsOf(site, forwards.get(site.name))),
      wires: wiresOf(sites, lab),
      etcHosts: etcHosts(sites, lab),
    },
    diagnostics: found.sorted(),
  };
}

/** A node or forwarder with its place in the public underlay. */
interface Site {
  readonly name: string;
  /** The host on the public side: itself or its NAT router. */
  readonly host: string;
  readonly addresses: readonly Address[];
  readonly forwarder: boolean;
  /** Host of its endpoint as written. */
  readonly dialled?: string;
  readonly nat?: { readonly inside: readonly Address[]; readonly gateways: readonly Address[] };
}

function forwardOf(forwarder: Forwarder, sites: readonly Site[]): Forward | undefined {
  const site = sites.find(({ name }) => name === forwarder.to);
  if (site === undefined || forwarder.toPort === undefined) return undefined;
  return { port: forwarder.listen.port, to: site.addresses, toPort: forwarder.toPort };
}

function hostsOf(site: Site, forward: Forward | undefined): UnderlayHost[] {
  const { name, addresses, nat } = site;
  if (site.forwarder) return [{ name, addresses, role: { kind: "forwarder", ...(forward && { forward }) } }];
  if (nat === undefined) return [{ name, addresses, role: { kind: "node" } }];
  const { inside, gateways } = nat;
  return [
    { name, addresses: inside, role: { kind: "hidden", router: site.host, gateways } },
    {
      name: site.host,
      addresses,
      role: { kind: "nat", inside: underlayInterface(name), innerAddresses: gateways },
    },
  ];
}

function wiresOf(sites: readonly Site[], lab: LabFile): Wire[] {
  const inner = sites.flatMap(({ name, host, nat }) =>
    nat === undefined
      ? []
      : [[end(name, TO_ROUTER, nat.inside), end(host, underlayInterface(name), nat.gateways)] as const],
  );
  const outer = sites.flatMap((a, index) => sites.slice(index + 1).map((b) => [a, b] as const));
  return [
    ...inner.map((ends, index): Wire => ({ ends: withMacs(index, ends) })),
    ...outer.map(([a, b], index): Wire => {
      const here = end(a.host, underlayInterface(b.name), a.addresses);
      const there = end(b.host, underlayInterface(a.name), b.addresses);
      return {
        ends: withMacs(inner.length + index, [here, there]),
        links: [linkOf(a.name, b.name, lab), linkOf(b.name, a.name, lab)],
      };
    }),
  ];
}

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

function linkOf(from: string, to: string, lab: LabFile): Link {
  const entry = lab.links.findLast((each) => each.from === from && each.to === to);
  return { from, to, impairment: entry?.impairment ?? lab.fallback };
}

/** `u-<peer>`, cut at the kernel's 15 bytes with a suffix that depends on the whole name. */
export function underlayInterface(peer: string): string {
  const full = `u-${peer}`;
  if (full.length <= 15) return full;
  return `${full.slice(0, 8).replace(/-+$/, "")}-${fnv1a(full).toString(36).padStart(7, "0").slice(-6)}`;
}

function etcHosts(sites: readonly Site[], lab: LabFile): string {
  const names = new Map<string, readonly Address[]>();
  for (const { name, host, addresses, nat } of sites) {
    names.set(host, addresses);
    names.set(name, nat?.inside ?? addresses);
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
