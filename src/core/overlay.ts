// Which addresses of an overlay prefix nodes may have.
import { familyOf, lengthOf, rangeOf, type Prefix } from "./address.ts";

/**
 * First and last allocatable value. IPv4 keeps network and broadcast addresses out, except in a /31 (RFC 3021) and a
 * /32; IPv6 keeps the subnet-router anycast address out (RFC 4291, 2.6.1), except in a /127 (RFC 6164) and a /128.
 */
export function usableRange(overlay: Prefix): { first: bigint; last: bigint } {
  const { first, last } = rangeOf(overlay);
  const width = familyOf(overlay) === 4 ? 32 : 128;
  if (lengthOf(overlay) >= width - 1) return { first, last };
  return familyOf(overlay) === 4 ? { first: first + 1n, last: last - 1n } : { first: first + 1n, last };
}
