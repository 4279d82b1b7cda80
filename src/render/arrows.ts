// A path as the file would write it.

/** `a -> b -[hkg]-> c`; a tunnel's id ends with the forwarder that it runs over. */
export const arrows = (path: readonly string[], tunnels: readonly (string | undefined)[]): string =>
  path.map((node, index) => (index === 0 ? node : `${arrow(tunnels[index - 1])} ${node}`)).join(" ");

function arrow(tunnel: string | undefined): string {
  const [, forwarder] = / \[(.+)\]$/.exec(tunnel ?? "") ?? [];
  return forwarder === undefined ? "->" : `-[${forwarder}]->`;
}
