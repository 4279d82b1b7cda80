// Whether the resolvers that a node is to ask at its exit can be reached there, as far as the file says where they are.
import { contains, familyOf, parseAddress, parsePrefix, type Address, type Prefix } from "./address.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import type { Draft, DraftNode } from "./draft.ts";
import type { LeavesSpec, Located } from "./spec.ts";

const prefixes = (...texts: string[]): Prefix[] => texts.map((text) => parsePrefix(text)!.prefix);

/** No resolver of others has such an address: unspecified, loopback, link-local, multicast, reserved. */
const NOBODY = [
  ...prefixes("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"),
  ...prefixes("::/127", "::ffff:0:0/96", "fe80::/10", "ff00::/8"),
];
/** Everybody may have these (RFC 1918, RFC 4193, RFC 6598): without a prefix in the file nobody knows whose they are. */
const PRIVATE = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7");

interface Mistake {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export function validateDns(draft: Draft, node: DraftNode, leaves: LeavesSpec, found: Diagnostics): void {
  for (const [index, { value, at }] of leaves.dns.entries()) {
    const twin = leaves.dns.slice(0, index).find((each) => each.value === value);
    const mistake = twin === undefined ? mistakeOf(draft, node, leaves, value) : duplicate(value);
    if (mistake !== undefined) found.error(mistake.code, at, mistake.message, mistake.hint);
  }
}

const duplicate = (resolver: Address): Mistake => ({
  code: "duplicate-resolver",
  message: `${quote(resolver)} is named twice`,
  hint: "remove one of them",
});

function mistakeOf(
  draft: Draft,
  node: DraftNode,
  { via, except }: LeavesSpec,
  resolver: Address,
): Mistake | undefined {
  const holds = ({ value }: Located<Prefix>): boolean => contains(value, resolver);
  const isAmong = (all: readonly Prefix[]): boolean => all.some((each) => contains(each, resolver));
  const what = quote(resolver);
  const family = `IPv${familyOf(resolver)}`;
  if (isAmong(NOBODY))
    return {
      code: "bad-resolver",
      message: `${what} is no address that a resolver can have elsewhere`,
      hint: "name a resolver of the internet, or one in the overlay",
    };
  if (draft.overlaysComplete && !draft.overlays.some(({ value }) => familyOf(value) === familyOf(resolver)))
    return {
      code: "resolver-family",
      message: `the resolver ${what} cannot be reached through the exit: the overlay has no ${family}`,
      hint: `add an ${family} prefix to \`overlay\`, or name another`,
    };
  const excepted = except.find(holds);
  if (excepted !== undefined)
    return {
      code: "resolver-excepted",
      message: `the resolver ${what} would be asked by the uplink: \`except\` has ${quote(excepted.value)}`,
      hint: "take it out of one of the two",
    };
  if (node.prefixes.some(holds) || node.addresses.some(({ value }) => value === resolver))
    return {
      code: "resolver-at-home",
      message: `the resolver ${what} is on this side of the exit, at ${quote(node.name)} itself or behind it`,
      hint: "name one beyond the exit; what is asked here is set on the machines here",
    };
  if (draft.overlays.some(holds) || draft.nodes.some((each) => each.prefixes.some(holds))) return undefined;
  if (draft.overlaysComplete && isAmong(PRIVATE))
    return {
      code: "resolver-private",
      message: `the resolver ${what} has a private address that nothing in this file leads to`,
      hint: `if it is beside ${quote(via.value)}, give that node \`prefixes\` with its subnet; else name a public one`,
    };
  const transit = draft.nodes.find(
    ({ name, endpoint, uplinks = [] }) =>
      name !== via.value &&
      [endpoint?.host, ...uplinks.map((each) => each.endpoint?.value)].some(
        (host) => parseAddress(host ?? "") === resolver,
      ),
  );
  if (transit === undefined) return undefined;
  return {
    code: "resolver-endpoint",
    message: `the resolver ${what} is the endpoint of ${quote(transit.name)}, whose answers would not come back through the exit`,
    hint: `name the overlay address of ${quote(transit.name)}, if its resolver listens there`,
  };
}
