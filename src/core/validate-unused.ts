// Warnings about what the file names and no path uses: nodes, forwarders, interfaces.
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import { toSpec } from "./draft.ts";
import type { Draft, DraftForwarder, DraftNode, DraftPath } from "./draft.ts";
import { endKey, nameOver, wantedTunnels } from "./tunnels.ts";

/** Only for drafts whose paths are sound. */
export function warnUnused(draft: Draft, found: Diagnostics): void {
  const used = usedNames(draft);
  const isUsed = (name: string): boolean =>
    used.named.has(name) || used.open.some((line) => !line.avoid.has(name));
  // Without a tunnel they forward all the same.
  const forwards = new Set(draft.forwarders.map(({ on }) => on?.value));
  if (draft.nodes.length > 1) {
    for (const node of draft.nodes) {
      if (used.everyNode || isUsed(node.name) || forwards.has(node.name)) continue;
      const hint = "name it in a path line, or add `- all <=> all`";
      found.warning("unused-node", node.at, `${quote(node.name)} is in no path: it is unreachable`, hint);
    }
  }
  if (!found.hasErrors) warnTunnels(draft, inHops(draft), found);
}

interface Used {
  /** Names that lines mention. */
  readonly named: ReadonlySet<string>;
  /** Measured lines that may use whatever they do not avoid. */
  readonly open: readonly { readonly avoid: ReadonlySet<string> }[];
  readonly everyNode: boolean;
}

function usedNames(draft: Draft): Used {
  const named = new Set<string>();
  const open = new Map<string, { avoid: Set<string> }>();
  for (const path of draft.paths) {
    for (const name of namesIn(path)) named.add(name);
    if (path.line?.kind !== "measured" || path.via || path.maxHops?.value === 1) continue;
    const avoid = path.avoid?.names.map((name) => name.value).sort() ?? [];
    open.set(avoid.join(" "), { avoid: new Set(avoid) });
  }
  return { named, open: [...open.values()], everyNode: named.has("all") };
}

function* namesIn(path: DraftPath): Generator<string> {
  for (const line of [path.line, path.backup.kind === "path" ? path.backup.line : undefined]) {
    if (line === undefined) continue;
    yield line.from.value;
    for (const { to, over } of line.hops) {
      yield to.value;
      if (over) yield over.value;
    }
  }
  for (const name of path.via?.names ?? []) yield name.value;
}

/** Forwarders and uplinks that hops run over; `via` only allows one. */
const inHops = (draft: Draft): Set<string> =>
  new Set(
    draft.paths.flatMap((path) =>
      [path.line, path.backup.kind === "path" ? path.backup.line : undefined].flatMap((line) =>
        (line?.hops ?? []).flatMap(({ over }) => (over ? [over.value] : [])),
      ),
    ),
  );

/** What only the list of tunnels knows; it is long in a large mesh, so it is made only where something asks for it. */
function warnTunnels(draft: Draft, named: ReadonlySet<string>, found: Diagnostics): void {
  const most = draft.nodes.length + draft.forwarders.length;
  const nodes = draft.nodes.filter(
    (node) => node.interfaces.length > 0 || (node.endpoint?.port ?? 0) + most > 65536,
  );
  const forwarders = draft.forwarders.filter((forwarder) => !named.has(forwarder.name));
  const uplinks = draft.nodes.flatMap((node) => (node.uplinks ?? []).filter(({ name }) => !named.has(name)));
  if (nodes.length + forwarders.length + uplinks.length === 0) return;
  const ends = new Map<string, Set<string>>(nodes.map((node) => [node.name, new Set()]));
  const over = new Set<string>();
  for (const { a, b, ...runs } of wantedTunnels(toSpec(draft))) {
    ends.get(a)?.add(endKey(b, runs));
    ends.get(b)?.add(endKey(a, runs));
    const name = nameOver(runs);
    if (name !== undefined) over.add(name);
  }
  for (const forwarder of forwarders) if (!over.has(forwarder.name)) warnForwarder(forwarder, draft, found);
  for (const { name, at } of uplinks) {
    if (over.has(name)) continue;
    const hint = `use it in a hop, \`a -[${name}]-> b\`, or remove it`;
    found.warning("unused-uplink", at, `no path uses the uplink ${quote(name)}`, hint);
  }
  for (const node of nodes) warnNode(node, ends.get(node.name)!, draft, found);
}

/** One port carries one tunnel; measured lines that several nodes could dial it for leave open which. */
function warnForwarder({ name, at, to }: DraftForwarder, draft: Draft, found: Diagnostics): void {
  const measured = draft.paths.some((path) => path.line?.kind === "measured");
  const hop = `use it in a hop, \`a -[${name}]-> ${to?.value ?? "b"}\``;
  const hint = `${hop}${measured ? `, name it in \`via\` of the one line that shall use it,` : ""} or remove it`;
  found.warning("unused-forwarder", at, `no path uses the forwarder ${quote(name)}`, hint);
}

function warnNode(node: DraftNode, tunnels: ReadonlySet<string>, draft: Draft, found: Diagnostics): void {
  for (const { towards, at } of node.interfaces) {
    if (tunnels.has(towards)) continue;
    const kind = draft.forwarders.some((each) => each.name === towards) ? "over" : "to";
    const message = `no path uses a tunnel of ${quote(node.name)} ${kind} ${quote(towards)}`;
    found.warning("unused-interface", at, message, "remove it, or add a path that uses the tunnel");
  }
  const { endpoint } = node;
  const ports = tunnels.size + draft.forwarders.filter(({ on }) => on?.value === node.name).length;
  if (!endpoint || endpoint.port + ports - 1 <= 65535) return;
  const message = `${quote(node.name)} needs ${ports} ports from ${endpoint.port} on, past 65535`;
  found.error("port-range", endpoint.at, message, "take a smaller first port");
}
