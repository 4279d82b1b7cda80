// What an apply changes on one machine, in a line for that machine's log, and read back from it: counts and names of tunnels,
// no key and no address.
//
//   tunnels +2 ~1 -1 (+a - c, +b - c, -a - d), routes +3 ~5 -1, firewall
import type { Change, Changes } from "./diff.ts";
import { routeKey, ruleKey } from "./machine-state.ts";
import { IDENTITY } from "./node-state.ts";

/** `settings`: sysctls. `keys`: of tunnels that were there. `files`: what the machine boots with, and nothing live. `all`: tofro has left. */
const KINDS = [
  "tunnels",
  "routes",
  "rules",
  "addresses",
  "settings",
  "firewall",
  "keys",
  "files",
  "all",
] as const;

export interface AppliedPart {
  readonly kind: (typeof KINDS)[number];
  /** Absent: none, or it has no number. */
  readonly added?: number;
  readonly changed?: number;
  readonly removed?: number;
  /** Of tunnels, behind a `+` or `-`: as many as there was room for. */
  readonly names?: readonly string[];
}

/** Octets of a line. */
const ROOM = 300;

/** `back` is the way from there to where the machine is now, which alone knows what goes. */
export function appliedParts(there: Changes, back: Changes, isLeaving: boolean): AppliedPart[] {
  if (isLeaving) return [{ kind: "all" }];
  const [to, from] = [allOf(there), allOf(back)];
  const [added, removed] = [tunnelsOf(to), tunnelsOf(from)];
  const apart = new Set([...added.keys(), ...removed.keys()]);
  const kept = to.flatMap((change) =>
    "name" in change && !apart.has(change.name) && change.name !== IDENTITY ? [change] : [],
  );
  const names = [
    ...[...added.values()].map((id) => `+${id}`),
    ...[...removed.values()].map((id) => `-${id}`),
  ];
  const settings = to.filter(
    (change) => change.kind === "sysctl" && ![...apart].some((name) => change.key.includes(`.conf.${name}.`)),
  );
  const parts = [
    {
      ...counted("tunnels", added.size, new Set(kept.map(({ name }) => name)).size, removed.size),
      ...(names.length > 0 && { names }),
    },
    compared("routes", [to, from], routeKeys),
    compared("rules", [to, from], ruleKeys),
    compared("addresses", [to, from], addressKeys),
    counted("settings", 0, settings.length, 0),
  ].filter((part) => Object.keys(part).length > 1);
  if (to.some(isFirewall)) parts.push({ kind: "firewall" });
  if (kept.some(isRekeyed)) parts.push({ kind: "keys" });
  return parts.length === 0 ? [{ kind: "files" }] : parts;
}

/** One line of at most 300 octets, of nothing that a shell or a terminal would take for more than text. */
export function formatApplied(parts: readonly AppliedPart[]): string {
  const bare = (part: AppliedPart): string =>
    [
      part.kind,
      ...(part.added === undefined ? [] : [`+${part.added}`]),
      ...(part.changed === undefined ? [] : [`~${part.changed}`]),
      ...(part.removed === undefined ? [] : [`-${part.removed}`]),
    ].join(" ");
  let room = ROOM - parts.map(bare).join(", ").length - " ()".length;
  return parts
    .map((part) => {
      const named = (part.names ?? [])
        .map((name) => name.replaceAll(/[^\w +[\].-]/g, "?"))
        .filter((name) => (room -= name.length + ", ".length) >= 0);
      return named.length === 0 ? bare(part) : `${bare(part)} (${named.join(", ")})`;
    })
    .join(", ");
}

/** What is not known is left out: a newer tofro may have noted it. */
export function parseApplied(text: string): AppliedPart[] {
  return Array.from(text.matchAll(PART), ([, word, counts = "", names]): AppliedPart[] => {
    const kind = KINDS.find((each) => each === word);
    if (kind === undefined) return [];
    const count = (sign: string): number =>
      Number(
        counts
          .split(" ")
          .find((each) => each.startsWith(sign))
          ?.slice(1) ?? 0,
      );
    return [
      { ...counted(kind, count("+"), count("~"), count("-")), ...(names && { names: names.split(", ") }) },
    ];
  }).flat();
}

const PART = /(?:^|, )([a-z]+)((?: [+~-]\d+)*)(?: \(([^()]*)\))?(?=,|$)/g;

const allOf = ({ widen, move, narrow }: Changes): Change[] => [...widen, ...move, ...narrow];

const tunnelsOf = (changes: readonly Change[]): Map<string, string> =>
  new Map(
    changes.flatMap((change) =>
      change.kind === "interface-add" ? [[change.name, change.tunnel] as const] : [],
    ),
  );

const routeKeys = (change: Change): string[] =>
  change.kind === "route-replace" ? [routeKey(change.route)] : [];

const ruleKeys = (change: Change): string[] => (change.kind === "rule-add" ? [ruleKey(change.rule)] : []);

/** The node's own: those of tunnels come and go with them. */
const addressKeys = (change: Change): string[] =>
  change.kind === "address-add" && change.name === IDENTITY ? [change.address] : [];

/** What is set both there and on the way back was there before, and is after. */
function compared(
  kind: AppliedPart["kind"],
  [there, back]: readonly [readonly Change[], readonly Change[]],
  keysOf: (change: Change) => string[],
): AppliedPart {
  const [to, from] = [new Set(there.flatMap(keysOf)), new Set(back.flatMap(keysOf))];
  const both = [...to].filter((key) => from.has(key)).length;
  return counted(kind, to.size - both, both, from.size - both);
}

const counted = (
  kind: AppliedPart["kind"],
  added: number,
  changed: number,
  removed: number,
): AppliedPart => ({
  kind,
  ...(added > 0 && { added }),
  ...(changed > 0 && { changed }),
  ...(removed > 0 && { removed }),
});

const isFirewall = ({ kind }: Change): boolean => kind.startsWith("firewall") || kind.startsWith("elements");

const isRekeyed = (change: Change): boolean =>
  change.kind === "wireguard" &&
  (change.set.privateKey === true ||
    change.set.removePeer !== undefined ||
    change.set.peer?.presharedKey !== undefined);
