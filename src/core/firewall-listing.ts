// Our nftables table as `nft -s list` prints it, read as far as two of them can be joined, or told apart by elements.
import { familyOf, hostPrefix, parseAddress, parsePrefix, rangeOf, type Prefix } from "./address.ts";

const SET = /^\tset (\S+) \{\n[\s\S]*?^\t\}$/gm;
const ELEMENTS = /elements = \{ ([\s\S]*?) \}/;
const ELEMENT_LINES = /^\t\telements = [\s\S]*\}$(?=\n\t\}$)/m;

/** The elements of some sets, by the set's name. */
export type Elements = ReadonlyMap<string, readonly string[]>;

/** What leads from one listing to the other when they differ in elements alone; else undefined. */
export function elementChanges(from: string, to: string): { add: Elements; remove: Elements } | undefined {
  if (withoutElements(from) !== withoutElements(to)) return undefined;
  const [old, wanted] = [setsOf(from), setsOf(to)];
  const add = missingIn(old, wanted);
  const remove = missingIn(wanted, old);
  // An interval set refuses what overlaps an element that is still there.
  const isClean = [...add].every(([name, elements]) => {
    const all = [...(old.get(name) ?? []), ...elements];
    return withoutCovered(all).length === all.length;
  });
  return isClean ? { add, remove } : undefined;
}

/** Elements of `other` that `these` lack. */
function missingIn(these: Elements, other: Elements): Elements {
  return new Map(
    [...other].flatMap(([name, elements]) => {
      const present = new Set(these.get(name));
      const missing = elements.filter((each) => !present.has(each));
      return missing.length === 0 ? [] : [[name, missing] as const];
    }),
  );
}

const setsOf = (listing: string): Elements =>
  new Map(Array.from(listing.matchAll(SET), ([text, name]) => [name!, elementsOf(text)]));

const withoutElements = (listing: string): string =>
  listing.replaceAll(SET, (text: string) => text.replace(ELEMENT_LINES, "").replace(/\n*\t\}$/, "\n\t}"));

/** The listing `to`, whose sets also let through what `from` lets through. */
export function joinListings(from: string, to: string): string {
  const old = setsOf(from);
  return to.replaceAll(SET, (text: string, name: string) => {
    const present = elementsOf(text);
    // A set that does not count refuses elements that do, and of one that does all look so.
    const counter = /^\t\tcounter$/m.test(text) ? " counter" : "";
    const others = (old.get(name) ?? []).map((each) => `${bare(each)}${counter}`);
    const joined = withoutCovered([...present, ...others]);
    if (joined.length === 0 || joined.join() === present.join()) return text;
    const line = `\t\telements = { ${joined.join(", ")} }`;
    return text.replace(ELEMENT_LINES, "").replace(/\n*\t\}$/, `\n${line}\n\t}`);
  });
}

const elementsOf = (set: string): string[] => {
  const [, inner] = ELEMENTS.exec(set) ?? [];
  return inner === undefined ? [] : inner.split(",").map((each) => each.trim());
};

/** An interval set refuses an element that overlaps another of its elements. */
function withoutCovered(elements: readonly string[]): string[] {
  const all = [...new Set(elements)];
  const ranges = all
    .flatMap((text) => {
      const { head, prefix } = parts(text);
      return prefix === undefined ? [] : [{ text, head: `${familyOf(prefix)} ${head}`, ...rangeOf(prefix) }];
    })
    .sort((a, b) =>
      a.head === b.head ? Number(a.first - b.first) || Number(b.last - a.last) : a.head < b.head ? -1 : 1,
    );
  // Prefixes nest or are disjoint, so the last one that is not covered covers whatever is.
  const covered = new Set<string>();
  let outer = ranges[0];
  for (const range of ranges.slice(1)) {
    if (range.head === outer?.head && range.last <= outer.last) covered.add(range.text);
    else outer = range;
  }
  return all.filter((text) => !covered.has(text));
}

const bare = (element: string): string => element.replace(/ counter$/, "");

/** `"wg-b" . 10.0.0.0/8` is a head and a prefix, whether it counts or not; what has no prefix is all head. */
function parts(counted: string): { head: string; prefix?: Prefix } {
  const text = bare(counted);
  const space = text.lastIndexOf(" ");
  const last = text.slice(space + 1);
  const address = parseAddress(last);
  const prefix = address === undefined ? parsePrefix(last)?.prefix : hostPrefix(address);
  return prefix === undefined ? { head: text } : { head: text.slice(0, space + 1), prefix };
}
