// Prefixes of overlay and nodes that overlap, and endpoints inside of them, found in one sweep over sorted ranges.
import { familyOf, hostPrefix, lengthOf, parseAddress, rangeOf } from "./address.ts";
import type { Prefix } from "./address.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import type { Draft } from "./draft.ts";
import type { Position } from "./error.ts";

interface Range {
  readonly kind: "overlay" | "behind" | "endpoint";
  readonly owner: string;
  readonly prefix: Prefix;
  readonly at: Position;
  readonly first: bigint;
  readonly last: bigint;
}

export function validateOverlaps(draft: Draft, found: Diagnostics): void {
  const ranges = collect(draft, found);
  const order = { overlay: 0, behind: 1, endpoint: 2 };
  const before = (a: Range, b: Range): number =>
    familyOf(a.prefix) - familyOf(b.prefix) ||
    (a.first < b.first ? -1 : a.first > b.first ? 1 : 0) ||
    lengthOf(a.prefix) - lengthOf(b.prefix) ||
    order[a.kind] - order[b.kind] ||
    a.at.line - b.at.line ||
    a.at.column - b.at.column;
  // Prefixes nest or are disjoint, so whatever overlaps a range is on this stack of those around it.
  let around: Range[] = [];
  for (const range of ranges.sort(before)) {
    around = around.filter(
      (outer) => familyOf(outer.prefix) === familyOf(range.prefix) && outer.last >= range.first,
    );
    const outer = around.find((each) => each.kind === "overlay") ?? around.at(-1);
    if (outer) report(outer, range, found);
    if (range.kind !== "endpoint") around.push(range);
  }
}

function collect(draft: Draft, found: Diagnostics): Range[] {
  const ranges: Range[] = [];
  const add = (kind: Range["kind"], owner: string, prefix: Prefix, at: Position): void => {
    ranges.push({ kind, owner, prefix, at, ...rangeOf(prefix) });
  };
  for (const { value, at } of draft.overlays) add("overlay", "", value, at);
  for (const node of draft.nodes) {
    for (const { value, at } of node.prefixes) {
      if (
        draft.overlaysComplete &&
        !draft.overlays.some((each) => familyOf(each.value) === familyOf(value))
      ) {
        const family = `IPv${familyOf(value)}`;
        const message = `${quote(value)} behind ${quote(node.name)} cannot be reached: the overlay has no ${family}`;
        found.error("prefix-family", at, message, `add an ${family} prefix to \`overlay\``);
      } else if (lengthOf(value) > 0) add("behind", node.name, value, at);
      else
        found.error(
          "exit-prefix",
          at,
          `${quote(value)} makes ${quote(node.name)} an exit node, which \`prefixes\` does not do`,
          "write `exit: true` there and `exit_via` at nodes that use it, or name the subnets that the overlay shall reach",
        );
    }
  }
  for (const { name, endpoint } of [
    ...draft.nodes,
    ...draft.forwarders.map((each) => ({ name: each.name, endpoint: each.listen })),
  ]) {
    const address = endpoint && parseAddress(endpoint.host);
    if (endpoint && address !== undefined) add("endpoint", name, hostPrefix(address), endpoint.at);
  }
  for (const { name, uplinks = [] } of draft.nodes) {
    for (const { endpoint } of uplinks) {
      const address = endpoint && parseAddress(endpoint.value);
      if (endpoint && address !== undefined) add("endpoint", name, hostPrefix(address), endpoint.at);
    }
  }
  return ranges;
}

function report(outer: Range, inner: Range, found: Diagnostics): void {
  if (inner.kind === "endpoint") {
    const host = quote(inner.prefix.replace(/\/.*/, ""));
    if (outer.kind === "overlay") {
      const hint = "the overlay must not hold addresses of the underlay: change one of them";
      found.error(
        "endpoint-in-overlay",
        inner.at,
        `${host} lies in the overlay ${quote(outer.prefix)}`,
        hint,
      );
      return;
    }
    const message = `${host} lies in ${quote(outer.prefix)} behind ${quote(outer.owner)}`;
    found.warning(
      "endpoint-in-prefix",
      inner.at,
      message,
      "packets to this endpoint may be sent into the tunnel to that node",
    );
    return;
  }
  const name = (range: Range): string =>
    range.kind === "overlay"
      ? `the overlay ${quote(range.prefix)}`
      : `${quote(range.prefix)} behind ${quote(range.owner)}`;
  const innerIsLater =
    inner.kind === outer.kind
      ? inner.at.line > outer.at.line ||
        (inner.at.line === outer.at.line && inner.at.column > outer.at.column)
      : inner.kind === "behind";
  const [later, earlier] = innerIsLater ? [inner, outer] : [outer, inner];
  const relation = later.prefix === earlier.prefix ? "is the same as" : "overlaps";
  const message = `${name(later)} ${relation} ${name(earlier)} on line ${earlier.at.line}`;
  found.error(
    "overlapping-prefixes",
    later.at,
    message,
    "an address must belong to one place: change or remove one of them",
  );
}
