// A path as packets go it: `a -> b -[hkg]-> c`.
import { nameInId } from "../core/tunnels.ts";

/** `tunnels` holds one id a hop, which ends with the forwarder or uplink that the hop runs over. */
export const wayText = (path: readonly string[], tunnels: readonly string[]): string =>
  path.map((node, index) => (index === 0 ? node : `${arrow(tunnels[index - 1])} ${node}`)).join(" ");

function arrow(tunnel: string | undefined): string {
  const over = nameInId(tunnel ?? "");
  return over === undefined ? "->" : `-[${over}]->`;
}

/** Of a path as agents tell it: node names, and between two of them `[hkg]` where the hop runs over that. */
export const toldText = (path: readonly string[]): string =>
  path.join(" -> ").replaceAll(/ -> (\[[^\]]*\]) -> /g, " -$1-> ");
