// The file as it was read, before anyone knows whether it is right: what Spec says, but every word with its place.
import type { Fields } from "./fields.ts";
import type { Prefix } from "./address.ts";
import type { Position } from "./error.ts";
import type {
  Backup,
  CarriesSpec,
  ChooseSettings,
  EndpointSpec,
  FailoverSettings,
  ForwarderSpec,
  Hop,
  Located,
  NodeSpec,
  PairSpec,
  PathSpec,
  Spec,
} from "./spec.ts";

export interface Draft {
  readonly file: string;
  readonly overlays: readonly Located<Prefix>[];
  /** False when an overlay prefix could not be read: nobody knows then what lies outside. */
  readonly overlaysComplete: boolean;
  readonly isolate: boolean;
  readonly mtu?: Located<number>;
  readonly controller?: Located<string>;
  readonly choose: ChooseSettings;
  readonly failover: FailoverSettings;
  readonly metrics?: number;
  readonly nodes: readonly DraftNode[];
  readonly forwarders: readonly DraftForwarder[];
  readonly paths: readonly DraftPath[];
  /** The keys at the top of the file. */
  readonly sections: Fields;
}

export interface DraftNode extends Omit<NodeSpec, "mtu" | "carries"> {
  readonly mtu?: Located<number>;
  readonly carries?: DraftCarries;
  /** Its file entry names an endpoint, even if an unreadable one. */
  readonly dialable: boolean;
}

export interface DraftCarries extends Omit<CarriesSpec, "only"> {
  readonly only?: readonly DraftPair[];
}

/** A direction that a node carries; either end may be `all`. */
export interface DraftPair {
  readonly from: Located<string>;
  readonly to: Located<string>;
}

export interface DraftForwarder {
  readonly name: string;
  readonly at: Position;
  /** The keys that its entry has, whatever stands behind them, and where. */
  readonly keys: ReadonlyMap<string, Position>;
  readonly listen?: EndpointSpec;
  readonly on?: Located<string>;
  readonly port?: Located<number>;
  readonly to?: Located<string>;
  readonly toPort?: Located<number>;
}

export interface DraftPath {
  readonly text: string;
  readonly at: Position;
  /** Absent: the line could not be read, and that has been reported. */
  readonly line?: DraftLine;
  readonly avoid?: DraftOption;
  readonly via?: DraftOption;
  readonly maxHops?: { readonly at: Position; readonly value?: number };
  readonly backup: DraftBackup;
}

/** The key's place and the names behind it. */
export interface DraftOption {
  readonly at: Position;
  readonly names: readonly Located<string>[];
}

export type DraftBackup =
  | { readonly kind: "any" | "none" }
  | { readonly kind: "path"; readonly at: Position; readonly line?: DraftLine };

export interface DraftLine {
  readonly kind: "pinned" | "measured";
  readonly twoWay: boolean;
  readonly at: Position;
  readonly from: Located<string>;
  readonly hops: readonly DraftHop[];
}

export interface DraftHop {
  readonly to: Located<string>;
  /** The forwarder or uplink in the arrow. */
  readonly over?: Located<string>;
}

/** The last node of a line. */
export const endOf = (line: DraftLine): Located<string> => line.hops.at(-1)!.to;

/** The other direction of a two-way line, which has one hop. */
export function reversed(line: DraftLine): DraftLine {
  return { ...line, from: endOf(line), hops: line.hops.map((hop) => ({ ...hop, to: line.from })) };
}

/** The Spec of a draft without mistakes. */
export function toSpec(draft: Draft): Spec {
  const forwarders = new Set(draft.forwarders.map(({ name }) => name));
  return {
    file: draft.file,
    overlays: draft.overlays,
    isolate: draft.isolate,
    ...(draft.mtu && { mtu: draft.mtu.value }),
    ...(draft.controller && { controller: draft.controller }),
    choose: draft.choose,
    failover: draft.failover,
    ...(draft.metrics !== undefined && { metrics: draft.metrics }),
    nodes: draft.nodes.map(({ mtu, dialable: _dialable, carries, ...node }) => ({
      ...node,
      ...(mtu && { mtu: mtu.value }),
      ...(carries && { carries: toCarries(carries) }),
    })),
    forwarders: draft.forwarders.flatMap(toForwarder),
    paths: draft.paths.flatMap((path) => {
      const { line } = path;
      if (line === undefined) return [];
      return line.twoWay
        ? [toPath(path, line, false, forwarders), toPath(path, reversed(line), true, forwarders)]
        : [toPath(path, line, false, forwarders)];
    }),
  };
}

function toForwarder({ keys: _keys, listen, on, port, to, ...rest }: DraftForwarder): ForwarderSpec[] {
  if (to === undefined) return [];
  if (on) return [{ ...rest, to, on, ...(port && { port }) }];
  return listen ? [{ ...rest, to, listen }] : [];
}

const toCarries = ({ only, ...most }: DraftCarries): CarriesSpec => ({
  ...most,
  ...(only && { only: only.map(toPair) }),
});

const toPair = ({ from, to }: DraftPair): PairSpec => ({ at: from.at, from: from.value, to: to.value });

/** What is no forwarder in an arrow is an uplink: there is nothing else. */
const toHops = (line: DraftLine, forwarders: ReadonlySet<string>): Hop[] =>
  line.hops.map(({ to, over }) => ({
    to: to.value,
    ...(over && (forwarders.has(over.value) ? { forwarder: over.value } : { uplink: over.value })),
  }));

function toPath(path: DraftPath, line: DraftLine, back: boolean, forwarders: ReadonlySet<string>): PathSpec {
  const ends = { text: path.text, at: path.at, from: line.from.value, to: endOf(line).value };
  const base = { ...ends, backup: toBackup(path.backup, back, forwarders) };
  if (line.kind === "pinned") return { ...base, kind: "pinned", hops: toHops(line, forwarders) };
  return {
    ...base,
    kind: "measured",
    avoid: path.avoid?.names.map((name) => name.value) ?? [],
    ...(path.via && { via: path.via.names.map((name) => name.value) }),
    ...(path.maxHops?.value !== undefined && { maxHops: path.maxHops.value }),
  };
}

function toBackup(backup: DraftBackup, back: boolean, forwarders: ReadonlySet<string>): Backup {
  if (backup.kind !== "path") return { kind: backup.kind };
  if (backup.line === undefined) return { kind: "any" };
  const line = back ? reversed(backup.line) : backup.line;
  return { kind: "path", at: backup.at, from: line.from.value, hops: toHops(line, forwarders) };
}
