// Overlay prefixes, node addresses, prefixes behind nodes and endpoints: what must, and what must not, lie in what.
import { contains, familyOf, overlaps, parsePrefix, valueOf } from "./address.ts";
import type { Address, Family } from "./address.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import type { Draft, DraftNode } from "./draft.ts";
import type { Position } from "./error.ts";
import { usableRange } from "./overlay.ts";
import type { Located } from "./spec.ts";
import { validateOverlaps } from "./validate-overlaps.ts";

const UNFIT = (
  [
    ["0.0.0.0/8", "unspecified"],
    ["127.0.0.0/8", "loopback"],
    ["169.254.0.0/16", "link-local"],
    ["224.0.0.0/4", "multicast"],
    ["255.255.255.255/32", "broadcast"],
    ["::/128", "unspecified"],
    ["::1/128", "loopback"],
    ["::ffff:0:0/96", "IPv4-mapped"],
    ["fe80::/10", "link-local"],
    ["ff00::/8", "multicast"],
  ] as const
).map(([text, kind]) => ({ prefix: parsePrefix(text)!.prefix, kind }));

const FIT_HINT = "take a private one, such as 10.77.0.0/24 or fd77::/64";

export function validateAddresses(draft: Draft, found: Diagnostics): void {
  for (const overlay of draft.overlays) {
    const unfit = UNFIT.find(({ prefix }) => overlaps(prefix, overlay.value));
    if (unfit === undefined) continue;
    found.error(
      "unfit-overlay",
      overlay.at,
      `the overlay ${quote(overlay.value)} has ${unfit.kind} addresses`,
      FIT_HINT,
    );
  }
  for (const { name, prefixes } of draft.nodes) {
    for (const { value, at } of prefixes) {
      const unfit = UNFIT.find(
        ({ prefix }) => overlaps(prefix, value) && value !== "0.0.0.0/0" && value !== "::/0",
      );
      if (unfit === undefined) continue;
      const message = `${quote(value)} behind ${quote(name)} has ${unfit.kind} addresses`;
      found.error("unfit-prefix", at, message, "name the subnets that the overlay shall reach");
    }
  }
  validateSizes(draft, found);
  validateMtus(draft, found);
  const taken = new Map<Address, { node: DraftNode; at: Position }>();
  for (const node of draft.nodes) {
    for (const [index, address] of node.addresses.entries()) {
      const first = taken.get(address.value);
      const sibling = node.addresses
        .slice(0, index)
        .find((other) => familyOf(other.value) === familyOf(address.value));
      if (first) {
        const message = `${quote(address.value)} is the address of ${quote(first.node.name)} already, on line ${first.at.line}`;
        found.error(
          "duplicate-address",
          address.at,
          message,
          "every node has its own; leave `address` out and one is allocated",
        );
      } else if (sibling) {
        const message = `${quote(node.name)} has two IPv${familyOf(address.value)} addresses`;
        found.error(
          "two-addresses",
          address.at,
          message,
          "a node has one overlay address for each family: remove one",
        );
      } else validatePlace(draft, address, found);
      if (!first) taken.set(address.value, { node, at: address.at });
    }
  }
  validateOverlaps(draft, found);
}

function validatePlace(draft: Draft, address: Located<Address>, found: Diagnostics): void {
  if (!draft.overlaysComplete) return;
  const family = familyOf(address.value);
  const overlay = draft.overlays.find((each) => contains(each.value, address.value))?.value;
  if (overlay === undefined) {
    const same = draft.overlays
      .filter((each) => familyOf(each.value) === family)
      .map((each) => quote(each.value));
    const message = `${quote(address.value)} lies outside the overlay${same.length === 0 ? `, which has no IPv${family}` : ` ${same.join(", ")}`}`;
    const hint =
      same.length === 0
        ? `add an IPv${family} prefix to \`overlay\``
        : "take an address within it, or leave `address` out";
    found.error("address-outside", address.at, message, hint);
    return;
  }
  const { first, last } = usableRange(overlay);
  const value = valueOf(address.value);
  if (first <= value && value <= last) return;
  const what = family === 6 ? "subnet-router anycast" : value < first ? "network" : "broadcast";
  const message = `${quote(address.value)} is the ${what} address of ${quote(overlay)}`;
  found.error("reserved-address", address.at, message, "take another address within the overlay");
}

function validateSizes(draft: Draft, found: Diagnostics): void {
  for (const family of [4, 6] satisfies Family[]) {
    const overlays = draft.overlays.filter((overlay) => familyOf(overlay.value) === family);
    const [first] = overlays;
    if (first === undefined || !draft.overlaysComplete) continue;
    const ranges = overlays.map((overlay) => usableRange(overlay.value));
    const room = ranges.reduce((sum, range) => sum + range.last - range.first + 1n, 0n);
    if (room >= draft.nodes.length) continue;
    const message = `the overlay has ${room} IPv${family} ${room === 1n ? "address" : "addresses"} for ${draft.nodes.length} nodes`;
    found.error(
      "overlay-too-small",
      first.at,
      message,
      "take a larger prefix; network, broadcast and subnet-router anycast addresses are not allocated",
    );
  }
}

function validateMtus(draft: Draft, found: Diagnostics): void {
  if (!draft.overlays.some((overlay) => familyOf(overlay.value) === 6)) return;
  for (const { mtu } of [draft, ...draft.nodes]) {
    if (mtu === undefined || mtu.value >= 1280) continue;
    const hint = "write 1280 or more: below it Linux takes IPv6 off the interface";
    found.error("mtu-range", mtu.at, `MTU ${mtu.value} is too small for an IPv6 overlay`, hint);
  }
}
