// The one name space of nodes, forwarders and uplinks: who is called what, and which names nobody has.
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import type { Draft, DraftForwarder, DraftNode } from "./draft.ts";
import type { Position } from "./error.ts";
import type { Located } from "./spec.ts";
import { suggest } from "./suggest.ts";

type Wanted = "node" | "forwarder or uplink" | "node or forwarder" | "node, forwarder or uplink";

export class Names {
  readonly nodes: ReadonlyMap<string, DraftNode>;
  readonly forwarders: ReadonlyMap<string, DraftForwarder>;
  /** Of any node. */
  readonly uplinks: ReadonlySet<string>;
  readonly #unknown = new Map<
    string,
    { readonly wanted: Wanted; readonly name: string; readonly places: Position[] }
  >();

  constructor(draft: Draft, found: Diagnostics) {
    this.nodes = new Map(draft.nodes.map((node) => [node.name, node]));
    this.forwarders = new Map(draft.forwarders.map((forwarder) => [forwarder.name, forwarder]));
    this.uplinks = new Set(draft.nodes.flatMap(({ uplinks = [] }) => uplinks.map(({ name }) => name)));
    const byLowerCase = new Map<string, DraftNode | DraftForwarder>();
    for (const named of [...draft.nodes, ...draft.forwarders]) {
      const first = byLowerCase.get(named.name.toLowerCase());
      if (first === undefined) byLowerCase.set(named.name.toLowerCase(), named);
      else if (first.name === named.name) {
        const message = `${quote(named.name)} is a node already, on line ${first.at.line}`;
        found.error(
          "duplicate-name",
          named.at,
          message,
          "nodes and forwarders share one name space: rename one of them",
        );
      } else {
        const message = `${quote(named.name)} differs from ${quote(first.name)} on line ${first.at.line} only in case`;
        found.warning("similar-name", named.at, message, "give one of them a name that cannot be mixed up");
      }
    }
  }

  /** The node of that name; else the name is noted as unknown. */
  node(name: Located<string>): DraftNode | undefined {
    return this.nodes.get(name.value) ?? this.#note(name, "node");
  }

  /** What stands in an arrow; else the name is noted as unknown. */
  over(name: Located<string>): DraftForwarder | "uplink" | undefined {
    const uplink = this.uplinks.has(name.value) ? "uplink" : undefined;
    return this.forwarders.get(name.value) ?? uplink ?? this.#note(name, "forwarder or uplink");
  }

  /** True when a node or forwarder has the name. */
  between(name: Located<string>): boolean {
    if (this.nodes.has(name.value) || this.forwarders.has(name.value)) return true;
    this.#note(name, "node or forwarder");
    return false;
  }

  /** True when anything has the name. */
  any(name: Located<string>): boolean {
    if (this.nodes.has(name.value) || this.forwarders.has(name.value) || this.uplinks.has(name.value))
      return true;
    this.#note(name, "node, forwarder or uplink");
    return false;
  }

  get anyUnknown(): boolean {
    return this.#unknown.size > 0;
  }

  /** One message for each unknown name, at its first place. */
  reportUnknown(found: Diagnostics): void {
    for (const { wanted, name, places } of this.#unknown.values()) {
      const [first] = places.toSorted((a, b) => a.line - b.line || a.column - b.column);
      const lines = new Set(places.map((place) => place.line)).size - 1;
      const more = lines === 0 ? "" : ` (and on ${lines} more ${lines === 1 ? "line" : "lines"})`;
      found.error(...this.#explain(wanted, name, first!, more));
    }
  }

  #explain(wanted: Wanted, name: string, at: Position, more: string): [string, Position, string, string] {
    const code =
      wanted === "forwarder or uplink"
        ? "unknown-forwarder"
        : wanted === "node"
          ? "unknown-node"
          : "unknown-name";
    if (name === "all") {
      const hint = "`all` stands only at the ends of a path line";
      return ["misplaced-all", at, `\`all\` is no ${wanted}${more}`, hint];
    }
    if (wanted === "node" && this.forwarders.has(name)) {
      const hint = `a hop over it is written \`a -[${name}]-> b\``;
      return [code, at, `${quote(name)} is a forwarder, not a node${more}`, hint];
    }
    if (wanted === "forwarder or uplink" && this.nodes.has(name)) {
      const hint = `through a node it is written \`a -> ${name} -> b\``;
      return [code, at, `${quote(name)} is a node, not a forwarder or uplink${more}`, hint];
    }
    if (this.uplinks.has(name)) {
      const hint =
        wanted === "node"
          ? `a hop over it is written \`a -[${name}]-> b\``
          : "an uplink does not stand in between: `avoid` can name it, `via` cannot";
      return [code, at, `${quote(name)} is an uplink, not a ${wanted}${more}`, hint];
    }
    const known = [
      ...(wanted === "forwarder or uplink" ? [] : this.nodes.keys()),
      ...(wanted === "node" ? [] : this.forwarders.keys()),
      ...(wanted.endsWith("uplink") ? this.uplinks : []),
    ];
    const near = suggest(name, known);
    const add =
      wanted === "forwarder or uplink"
        ? "add it under `forwarders:`, or under the `uplinks:` of a node"
        : wanted === "node"
          ? "add it under `nodes:`"
          : "add it, or remove it here";
    return [
      code,
      at,
      `there is no ${wanted} ${quote(name)}${more}`,
      near === undefined ? add : `did you mean ${quote(near)}?`,
    ];
  }

  #note(name: Located<string>, wanted: Wanted): undefined {
    const key = `${wanted} ${name.value}`;
    const known = this.#unknown.get(key);
    if (known) known.places.push(name.at);
    else this.#unknown.set(key, { wanted, name: name.value, places: [name.at] });
    return undefined;
  }
}
