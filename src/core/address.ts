// IP addresses and prefixes as canonical text: parsed once at the door, compared with ===, printed as they are.
import { Address4, Address6 } from "ip-address";

declare const brand: unique symbol;
/** A canonical IPv4 or IPv6 address (RFC 5952), e.g. `192.0.2.1` or `2001:db8::1`. */
export type Address = string & { readonly [brand]: "address" };
/** A canonical prefix without host bits, e.g. `192.0.2.0/24` or `2001:db8::/64`. */
export type Prefix = string & { readonly [brand]: "prefix" };
export type Family = 4 | 6;

const WIDTH = { 4: 32, 6: 128 } as const;

/** The family of a canonical address or prefix. */
export const familyOf = (text: Address | Prefix): Family => (text.includes(":") ? 6 : 4);

/** Reads an address; `undefined` when the text is none (leading zeros, zones and prefix lengths are none). */
export function parseAddress(text: string): Address | undefined {
  if (/[/%\s]/.test(text)) return undefined;
  const value = text.includes(":") ? valueOf6(text) : valueOf4(text);
  return value === undefined ? undefined : format(text.includes(":") ? 6 : 4, value);
}

/** Reads `address/length`; `undefined` when the text is none. Host bits are cut off; compare with the text to see whether there were any. */
export function parsePrefix(text: string): { prefix: Prefix; address: Address } | undefined {
  const match = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text);
  const address = match ? parseAddress(match[1]!) : undefined;
  if (!match || address === undefined) return undefined;
  const length = Number(match[2]);
  if (length > WIDTH[familyOf(address)]) return undefined;
  return { prefix: prefixOf(address, length), address };
}

/** The prefix of `length` bits that holds `address`. */
function prefixOf(address: Address, length: number): Prefix {
  const family = familyOf(address);
  const hostBits = BigInt(WIDTH[family] - length);
  return `${format(family, (valueOf(address) >> hostBits) << hostBits)}/${length}` as Prefix;
}

/** The address alone: /32 or /128. */
export const hostPrefix = (address: Address): Prefix => `${address}/${WIDTH[familyOf(address)]}` as Prefix;

/** The numeric value of an address: 32 or 128 bits. */
export function valueOf(address: Address): bigint {
  const value = familyOf(address) === 4 ? valueOf4(address) : valueOf6(address);
  if (value === undefined) throw new Error(`not a canonical address: ${address}`);
  return value;
}

/** First address and length of a prefix. */
function partsOf(prefix: Prefix): { address: Address; length: number } {
  const slash = prefix.indexOf("/");
  return { address: prefix.slice(0, slash) as Address, length: Number(prefix.slice(slash + 1)) };
}

export const lengthOf = (prefix: Prefix): number => partsOf(prefix).length;

/** First and last value of a prefix. */
export function rangeOf(prefix: Prefix): { first: bigint; last: bigint } {
  const { address, length } = partsOf(prefix);
  const first = valueOf(address);
  return { first, last: first + (1n << BigInt(WIDTH[familyOf(prefix)] - length)) - 1n };
}

export function contains(prefix: Prefix, inner: Address | Prefix): boolean {
  if (familyOf(prefix) !== familyOf(inner)) return false;
  const outer = rangeOf(prefix);
  const { first, last } = rangeOf(inner.includes("/") ? (inner as Prefix) : hostPrefix(inner as Address));
  return outer.first <= first && last <= outer.last;
}

export function overlaps(a: Prefix, b: Prefix): boolean {
  return contains(a, b) || contains(b, a);
}

/** The address of a family with the given value. */
export function format(family: Family, value: bigint): Address {
  if (family === 6) return Address6.fromBigInt(value).correctForm() as Address;
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".") as Address;
}

/** Orders addresses and prefixes: IPv4 first, then by value, then by length. */
export function compareAddresses(a: Address | Prefix, b: Address | Prefix): number {
  if (a === b) return 0;
  if (familyOf(a) !== familyOf(b)) return familyOf(a) - familyOf(b);
  const [x, y] = [a, b].map((each) => valueOf(each.split("/")[0] as Address));
  if (x !== y) return x! < y! ? -1 : 1;
  return Number(a.split("/")[1] ?? 0) - Number(b.split("/")[1] ?? 0);
}

function valueOf4(text: string): bigint | undefined {
  if (!/^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/.test(text)) return undefined;
  return Address4.isValid(text) ? new Address4(text).bigInt() : undefined;
}

function valueOf6(text: string): bigint | undefined {
  return Address6.isValid(text) ? new Address6(text).bigInt() : undefined;
}
