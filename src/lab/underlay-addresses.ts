// Which address every lab host has in the underlay: what the files say, the rest from documentation space.
import type { Address, Family, Prefix } from "../core/address.ts";
import { contains, familyOf, format, parseAddress, rangeOf } from "../core/address.ts";
import { Diagnostics, quote } from "../core/diagnostics.ts";
import { DEFAULT_PORT, type EndpointSpec, type Spec, type UplinkSpec } from "../core/spec.ts";
import type { LabFile } from "./lab-file.ts";

// RFC 5737 and RFC 3849; RFC 2544's benchmarking network when those are full.
const PUBLIC = ["198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/16", "2001:db8:51::/64"] as Prefix[];
const PRIVATE = ["192.0.2.0/24", "198.19.0.0/16", "2001:db8:2::/64"] as Prefix[];

export class UnderlayAddresses {
  /** IPv4, and IPv6 as soon as one address in the files is one. */
  readonly families: readonly Family[];
  readonly #owners = new Map<Address, string>();
  readonly #avoid: readonly Prefix[];
  readonly #hosts: LabFile["hosts"];

  constructor(spec: Spec, lab: LabFile) {
    this.#hosts = lab.hosts;
    this.#avoid = [...spec.overlays, ...spec.nodes.flatMap(({ prefixes }) => prefixes)].map(
      ({ value }) => value,
    );
    const written = endpointsOf(spec).map((endpoint) => this.#written(endpoint));
    const all = [...written, ...[...lab.hosts.values()].map(({ value }) => value)];
    this.families = all.some((address) => address !== undefined && familyOf(address) === 6) ? [4, 6] : [4];
  }

  /** Gives the endpoint's own address to a host; two hosts cannot share one. */
  claim(host: string, endpoint: EndpointSpec, found: Diagnostics): Address | undefined {
    const address = this.#written(endpoint);
    const owner = address && this.#owners.get(address);
    if (address === undefined) return undefined;
    if (owner === undefined) this.#owners.set(address, host);
    else {
      const message = `in a lab ${quote(host)} cannot have the address of ${quote(owner)}, ${address}`;
      const hint =
        "give them different endpoints in the network file, or names and two `hosts:` in the lab's";
      found.error("lab-address-twice", endpoint.at, message, hint);
    }
    return address;
  }

  /** One address for each family; `written` fills its own. Claim all written ones first. */
  complete(host: string, space: "public" | "private", written?: Address): Address[] {
    return this.families.map((family) =>
      written !== undefined && familyOf(written) === family ? written : this.#next(host, space, family),
    );
  }

  /** The address that an endpoint says, itself or by the lab's `hosts:`. */
  #written(endpoint: EndpointSpec): Address | undefined {
    return parseAddress(endpoint.host) ?? this.#hosts.get(endpoint.host.toLowerCase())?.value;
  }

  #next(host: string, space: "public" | "private", family: Family): Address {
    for (const pool of space === "public" ? PUBLIC : PRIVATE) {
      if (familyOf(pool) !== family) continue;
      const { first, last } = rangeOf(pool);
      for (let value = first + 1n; value < last; value++) {
        const address = format(family, value);
        if (this.#owners.has(address) || this.#avoid.some((prefix) => contains(prefix, address))) continue;
        this.#owners.set(address, host);
        return address;
      }
    }
    throw new Error(`no ${space} address of family ${family} is left for ${host}`);
  }
}

/** Only the host counts here. */
export const uplinkEndpoint = ({ endpoint }: UplinkSpec): EndpointSpec | undefined =>
  endpoint && { host: endpoint.value, port: DEFAULT_PORT, at: endpoint.at };

const endpointsOf = (spec: Spec): EndpointSpec[] => [
  ...spec.nodes.flatMap(({ endpoint, uplinks = [] }) => [
    ...(endpoint ? [endpoint] : []),
    ...uplinks.flatMap((each) => uplinkEndpoint(each) ?? []),
  ]),
  ...spec.forwarders.flatMap(({ listen }) => listen ?? []),
];
