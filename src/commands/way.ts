// A path as packets go it: `a -> b -[hkg]-> c`.

/** `tunnels` holds one id a hop, and ends with the forwarder that the hop runs over. */
export const wayText = (path: readonly string[], tunnels: readonly string[]): string =>
  path.map((node, index) => (index === 0 ? node : `${arrow(tunnels[index - 1])} ${node}`)).join(" ");

function arrow(tunnel: string | undefined): string {
  const [, forwarder] = / \[(.+)\]$/.exec(tunnel ?? "") ?? [];
  return forwarder === undefined ? "->" : `-[${forwarder}]->`;
}
