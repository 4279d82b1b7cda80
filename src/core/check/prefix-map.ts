// Longest-prefix match as the kernel does it for routes and WireGuard for allowed IPs: one lookup for a host's own /32 or /128.
import { familyOf, hostPrefix, lengthOf, rangeOf, valueOf } from "../address.ts";
import type { Address, Family, Prefix } from "../address.ts";

/** An address as packets carry it, parsed once: its text, its /32 or /128 and its value. */
export interface Host {
  readonly address: Address;
  readonly prefix: Prefix;
  readonly family: Family;
  readonly value: bigint;
}

export const hostOf = (address: Address): Host => ({
  address,
  prefix: hostPrefix(address),
  family: familyOf(address),
  value: valueOf(address),
});

/** What a prefix covers, to be asked about many hosts. */
export interface Range {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

export const spanOf = (prefix: Prefix): Range => ({ family: familyOf(prefix), ...rangeOf(prefix) });

export const covers = (range: Range, host: Host): boolean =>
  range.family === host.family && range.first <= host.value && host.value <= range.last;

// 2001:db8::/32 is no host although it ends like one.
export const isHost = (prefix: Prefix): boolean =>
  prefix.endsWith("/128") || (prefix.endsWith("/32") && familyOf(prefix) === 4);

/** Values by prefix. An entry replaces an earlier one with the same prefix, like `ip route replace`. */
export class PrefixMap<T> {
  readonly #hosts = new Map<Prefix, T>();
  /** Longest first; nearly always empty or a handful, for nodes have host prefixes. */
  readonly #ranges: readonly (Range & { readonly length: number; readonly value: T })[];

  constructor(entries: Iterable<readonly [Prefix, T]>) {
    const shorter = new Map<Prefix, T>();
    for (const [prefix, value] of entries) (isHost(prefix) ? this.#hosts : shorter).set(prefix, value);
    this.#ranges = [...shorter]
      .sort(([a], [b]) => lengthOf(b) - lengthOf(a))
      .map(([prefix, value]) => Object.assign(spanOf(prefix), { length: lengthOf(prefix), value }));
  }

  /** The value of the longest prefix that holds the host, and is longer than `suppressed`. */
  get(host: Host, suppressed = -1): T | undefined {
    const exact = this.#hosts.get(host.prefix);
    if (exact !== undefined || this.#ranges.length === 0) return exact;
    return this.#ranges.find((range) => range.length > suppressed && covers(range, host))?.value;
  }

  has(host: Host): boolean {
    return this.get(host) !== undefined;
  }
}
