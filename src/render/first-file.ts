// The first tofro.yaml of somebody: what was answered, with a comment where the next question comes up.

export interface Answers {
  readonly overlay: string;
  readonly nodes: readonly { readonly name: string; readonly endpoint?: string }[];
  readonly paths: readonly string[];
}

/** What a name or a line looks like in YAML: in quotes where it would be read as something else. */
const word = (text: string): string =>
  /^[A-Za-z][\w./-]*$/.test(text) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(text)
    ? text
    : JSON.stringify(text);

export function firstFile({ overlay, nodes, paths }: Answers): string {
  const widest = Math.max(...nodes.map(({ name }) => word(name).length));
  return `# Which way traffic takes in each direction. \`tofro check\` says where packets go by it; every key: docs/language.md.

overlay: ${word(overlay)}${" ".repeat(4)}# the addresses of the WireGuard network; each node gets one of them

nodes:
${nodes
  .map(({ name, endpoint }) => {
    const padding = " ".repeat(widest - word(name).length);
    const value = endpoint === undefined ? "{}" : `{ endpoint: ${JSON.stringify(endpoint)} }`;
    const comment = endpoint === undefined ? "    # no endpoint: behind NAT, dials out" : "";
    return `  ${word(name)}:${padding} ${value}${comment}\n`;
  })
  .join("")}
# a -> b -> c   there, through b          a <-> c   both ways, directly
# a -[f]-> c    over the forwarder f      a <=> c   each way on its best path, measured by agents
paths:
${paths.map((path) => `  - ${/[[\]{}:#]/.test(path) ? JSON.stringify(path) : path}\n`).join("")}`;
}

/** One behind NAT and two that can be dialled: there through the first of these. Else every two directly that can be. */
export function suggestedPaths(nodes: Answers["nodes"]): string[] {
  const a = nodes.find(({ endpoint }) => endpoint === undefined);
  const [b, c] = nodes.filter(({ endpoint }) => endpoint !== undefined);
  if (nodes.length === 3 && a && b && c)
    return [`${a.name} -> ${b.name} -> ${c.name}`, `${c.name} -> ${a.name}`];
  return pairs(nodes);
}

const pairs = (nodes: Answers["nodes"]): string[] =>
  nodes.flatMap((x, index) =>
    nodes
      .slice(index + 1)
      .filter((y) => x.endpoint !== undefined || y.endpoint !== undefined)
      .map((y) => `${x.name} <-> ${y.name}`),
  );
