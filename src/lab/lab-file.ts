// The lab file: which network, what its underlay does to every direction, when that changes, and what host names mean.
import type { Address } from "../core/address.ts";
import { parseAddress } from "../core/address.ts";
import { Diagnostics, quote, shift } from "../core/diagnostics.ts";
import type { Diagnostic, Position } from "../core/error.ts";
import { start } from "../core/error.ts";
import { fieldsOf } from "../core/fields.ts";
import { isMistake, parsePathLine } from "../core/path-line.ts";
import { parseDurationMs } from "../core/quantity.ts";
import type { Located, Spec } from "../core/spec.ts";
import { suggest } from "../core/suggest.ts";
import { uplinkNames } from "../core/uplinks.ts";
import type { Entry, Mapping, Tree } from "../core/yaml-tree.ts";
import { parseYaml } from "../core/yaml-tree.ts";
import { IMPAIRMENT_KEYS, isImpairmentKey, NONE, parseImpairment } from "./impairment.ts";
import type { Impairment } from "./impairment.ts";

export interface LabFile {
  readonly file: string;
  /** As written: relative to the lab file. */
  readonly network: Located<string>;
  /** For directions that no entry names. */
  readonly fallback: Impairment;
  /** `a -> c`, later ones win; `<->` stands as two, before all one-way entries. */
  readonly links: readonly LinkEntry[];
  /** In the order of time. */
  readonly schedule: readonly ScheduleEntry[];
  readonly hosts: ReadonlyMap<string, Located<Address>>;
}

/** One direction of the underlay, between nodes or forwarders. */
export interface Direction {
  readonly from: string;
  readonly to: string;
  /** By the uplink of that name, of either end or of both; absent: by none. */
  readonly over?: string;
}

export const isSameDirection = (a: Direction, b: Direction): boolean =>
  a.from === b.from && a.to === b.to && a.over === b.over;

/** As a line of the file names it. */
export const directionText = ({ from, to, over }: Direction): string =>
  over === undefined ? `${from} -> ${to}` : `${from} -[${over}]-> ${to}`;

interface LinkEntry extends Direction {
  readonly impairment: Impairment;
}

export interface ScheduleEntry {
  /** Milliseconds after the lab came up. */
  readonly atMs: number;
  readonly directions: readonly Direction[];
  /** What changes; the rest stays. */
  readonly change: Partial<Impairment>;
}

const KEYS = ["network", "underlay", "schedule", "hosts"];
const SMALLEST = "the smallest lab file is `network: ./tofro.yaml`";

/** The file's network alone, as far as it can be read: needed before the rest can be checked against it. */
export function networkOf(text: string, file: string): Located<string> | undefined {
  const tree = parseYaml(text.replace(/^\uFEFF/, ""), file, new Diagnostics());
  const value = tree && fieldsOf(tree).get("network")?.value;
  return value?.kind === "text" ? { value: value.text, at: value.at } : undefined;
}

/** Reads a lab file; `spec` is its network, when that could be read. All mistakes come at once. Never throws. */
export function parseLabFile(
  text: string,
  file: string,
  spec?: Spec,
): { lab?: LabFile; diagnostics: Diagnostic[] } {
  const found = new Diagnostics();
  const tree = parseYaml(text.replace(/^\uFEFF/, ""), file, found);
  if (tree !== undefined && tree.kind !== "map") {
    found.error("wrong-type", tree.at, "the file must be a map with `network`", SMALLEST);
  }
  const lab = tree?.kind === "map" ? new Reader(found, file, spec).read(tree) : undefined;
  return { ...(lab && !found.hasErrors && { lab }), diagnostics: found.sorted() };
}

/**
 * Reads `a -> c` or `a <-> c`, or `a -[uplink]-> c`; a mistake says so to `report`. `names` are the ends that exist, when that is
 * known; `own` says on which of them forwarders are that are none, and `uplinksOf` which uplinks two ends have.
 */
export function parseDirections(
  line: string,
  names: readonly string[] | undefined,
  report: (code: string, offset: number, message: string, hint: string) => void,
  own: ReadonlyMap<string, string> = new Map(),
  uplinksOf?: (from: string, to: string) => readonly string[],
): readonly Direction[] {
  const path = parsePathLine(line);
  if (isMistake(path)) {
    report(path.code, path.offset, path.message, "write `a -> c` or `a <-> c`");
    return [];
  }
  const [hop, second] = path.hops;
  if (path.kind !== "pinned" || hop === undefined || second !== undefined) {
    report("bad-link", 0, `${quote(line)} is not one link of the underlay`, "write `a -> c` or `a <-> c`");
    return [];
  }
  const unknown = [path.from, hop.to].filter((word) => names !== undefined && !names.includes(word.text));
  for (const { text, offset } of unknown) {
    const on = own.get(text);
    if (on !== undefined) {
      const message = `the forwarder ${quote(text)} is no host of its own: it is on ${quote(on)}`;
      report("own-forwarder-link", offset, message, `name ${quote(on)}: what is forwarded takes its links`);
      continue;
    }
    const near = suggest(text, names ?? []);
    const hint = near ? `did you mean ${quote(near)}?` : `known: ${names?.join(", ")}`;
    report("unknown-name", offset, `the network has no node or forwarder ${quote(text)}`, hint);
  }
  if (path.from.text === hop.to.text) {
    report("same-ends", hop.to.offset, `${quote(line)} begins and ends at the same place`, "name two");
    return [];
  }
  if (unknown.length > 0) return [];
  const over = hop.over?.text;
  const [from, to] = [path.from.text, hop.to.text];
  if (hop.over !== undefined && uplinksOf?.(from, to).includes(hop.over.text) === false) {
    const known = uplinksOf(from, to).join(", ");
    const hint = known === "" ? "write `a -> c`" : `theirs: ${known}`;
    const message = `neither ${quote(from)} nor ${quote(to)} has an uplink ${quote(hop.over.text)}`;
    report("unknown-uplink", hop.over.offset, message, hint);
    return [];
  }
  const there: Direction = { from, to, ...(over !== undefined && { over }) };
  return path.twoWay ? [there, { ...there, from: to, to: from }] : [there];
}

/** What lies at the ends of underlay links: a forwarder that is on a node lies where the node does. */
const underlayNames = (spec: Spec): string[] =>
  [...spec.nodes, ...spec.forwarders.filter(({ on }) => on === undefined)].map(({ name }) => name);

const uplinksOf =
  (spec: Spec) =>
  (from: string, to: string): readonly string[] => {
    const [a, b] = [from, to].map((name) => spec.nodes.find((node) => node.name === name) ?? {});
    return uplinkNames(a!, b!);
  };

const ownForwarders = (spec: Spec): ReadonlyMap<string, string> =>
  new Map(spec.forwarders.flatMap(({ name, on }) => (on === undefined ? [] : [[name, on.value]])));

class Reader {
  readonly #found: Diagnostics;
  readonly #file: string;
  readonly #names: readonly string[] | undefined;
  readonly #own: ReadonlyMap<string, string>;
  readonly #uplinksOf: ReturnType<typeof uplinksOf> | undefined;

  constructor(found: Diagnostics, file: string, spec: Spec | undefined) {
    this.#found = found;
    this.#file = file;
    this.#names = spec && underlayNames(spec);
    this.#own = spec === undefined ? new Map() : ownForwarders(spec);
    this.#uplinksOf = spec && uplinksOf(spec);
  }

  read(tree: Mapping): LabFile {
    this.#unknownKeys(tree, KEYS, "at the top of the file");
    const fields = fieldsOf(tree);
    const network = fields.get("network");
    if (network?.value.kind !== "text") {
      const at = network?.value.at ?? start(this.#file);
      this.#found.error("missing-key", at, "`network` must name the network file", SMALLEST);
    }
    const underlay = this.#map(fields.get("underlay"));
    const fallback = underlay.find(({ key }) => key === "default");
    return {
      file: this.#file,
      network: {
        value: network?.value.kind === "text" ? network.value.text : "",
        at: network?.at ?? tree.at,
      },
      fallback: { ...NONE, ...(fallback && this.#impairment(fallback.value)) },
      links: this.#links(underlay.filter((entry) => entry !== fallback)),
      schedule: this.#schedule(fields.get("schedule")),
      hosts: this.#hosts(this.#map(fields.get("hosts"))),
    };
  }

  #links(entries: readonly Entry[]): LinkEntry[] {
    const seen = new Map<string, number>();
    const links = entries.flatMap(({ key, at, value }) => {
      const impairment = { ...NONE, ...this.#impairment(value) };
      const directions = this.#directions(key, at);
      const oneWay = directions.length === 1;
      const names = directions.map((each) => `\`${directionText(each)}\`${oneWay ? "" : " and back"}`);
      const again = names.find((name) => seen.has(name));
      if (again !== undefined) {
        const message = `${quote(key)} says again what line ${seen.get(again)} says of ${again}`;
        this.#found.error("link-twice", at, message, "keep one of them");
      }
      for (const name of names) seen.set(name, at.line);
      return directions.map((direction) => ({ oneWay, link: { ...direction, impairment } }));
    });
    // What is said of one direction counts more than what is said of both.
    return links.sort((a, b) => Number(a.oneWay) - Number(b.oneWay)).map(({ link }) => link);
  }

  #schedule(entry: Entry | undefined): ScheduleEntry[] {
    const value = entry?.value;
    if (value !== undefined && value.kind !== "list" && value.kind !== "empty") {
      const hint = "write `- { at: 20s, link: a -> c, delay: 160ms }` for each change";
      this.#found.error("wrong-type", value.at, "`schedule` must be a list", hint);
    }
    const items = value?.kind === "list" ? value.items : [];
    return items.flatMap((item) => this.#scheduled(item)).sort((a, b) => a.atMs - b.atMs);
  }

  #scheduled(item: Tree): ScheduleEntry[] {
    const fields = fieldsOf(item);
    const [at, link] = [fields.get("at")?.value, fields.get("link")?.value];
    const atMs = at?.kind === "text" ? parseDurationMs(at.text) : undefined;
    if (atMs === undefined) {
      const place = at?.at ?? item.at;
      this.#found.error("bad-time", place, "`at` must be a time since the lab came up", "write `at: 20s`");
    }
    if (link?.kind !== "text") {
      const place = link?.at ?? item.at;
      this.#found.error("missing-key", place, "`link` must name a link", "write `link: a -> c`");
    }
    const change = this.#impairment(item, ["at", "link"]);
    const directions = link?.kind === "text" ? this.#directions(link.text, link.at) : [];
    return [{ atMs: atMs ?? 0, directions, change }];
  }

  #hosts(entries: readonly Entry[]): Map<string, Located<Address>> {
    const hosts = new Map<string, Located<Address>>();
    for (const { key, value } of entries) {
      const address = value.kind === "text" ? parseAddress(value.text) : undefined;
      if (!/^[A-Za-z0-9_.-]{1,253}$/.test(key)) {
        this.#found.error("bad-host", value.at, `${quote(key)} is no host name`, "write `name: address`");
      } else if (address === undefined) {
        const hint = "write `b.example.net: 198.51.100.1`; an address with `::` in quotes";
        this.#found.error("bad-address", value.at, `the host ${quote(key)} needs an IP address`, hint);
      } else hosts.set(key.toLowerCase(), { value: address, at: value.at });
    }
    return hosts;
  }

  #impairment(tree: Tree, others: readonly string[] = []): Partial<Impairment> {
    if (tree.kind !== "map") {
      if (tree.kind !== "empty") {
        const hint = "write `{ delay: 30ms, jitter: 5ms, loss: 2%, rate: 20mbit }`, or some of them";
        this.#found.error("wrong-type", tree.at, "what a link does must be a map", hint);
      }
      return {};
    }
    this.#unknownKeys(tree, [...others, ...IMPAIRMENT_KEYS], "here");
    const result: Partial<Impairment> = {};
    for (const { key, at, value } of tree.entries) {
      if (!isImpairmentKey(key)) continue;
      const read = parseImpairment(key, value.kind === "text" ? value.text : "");
      if (typeof read === "string") {
        const message = `${quote(key)} must be ${read}`;
        this.#found.error(`bad-${key}`, value.kind === "empty" ? at : value.at, message, HINTS[key]);
      } else Object.assign(result, read);
    }
    return result;
  }

  #directions(line: string, at: Position): readonly Direction[] {
    const report = (code: string, offset: number, message: string, hint: string): void => {
      this.#found.error(code, shift(at, offset), message, hint);
    };
    return parseDirections(line, this.#names, report, this.#own, this.#uplinksOf);
  }

  #map(entry: Entry | undefined): readonly Entry[] {
    if (entry === undefined || entry.value.kind === "empty") return [];
    if (entry.value.kind === "map") return entry.value.entries;
    const hint = "write one `key: value` a line below it, indented";
    this.#found.error("wrong-type", entry.value.at, `${quote(entry.key)} must be a map`, hint);
    return [];
  }

  #unknownKeys(tree: Mapping, known: readonly string[], where: string): void {
    for (const { key, at } of tree.entries) {
      if (known.includes(key)) continue;
      const near = suggest(key, known);
      const hint = near === undefined ? `known here: ${known.join(", ")}` : `did you mean ${quote(near)}?`;
      this.#found.error("unknown-key", at, `unknown key ${quote(key)} ${where}`, hint);
    }
  }
}

const HINTS = {
  delay: "write the unit, as in `delay: 30ms`",
  jitter: "write the unit, as in `jitter: 5ms`",
  loss: "write the unit, as in `loss: 2%`",
  rate: "write the unit, as in `rate: 20mbit`",
} as const;
