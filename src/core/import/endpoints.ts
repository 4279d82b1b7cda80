// Endpoints that only `wg` shows: the kernel learns them from packets too, and one that it learnt is no place to dial.
import type { End, Match } from "./match.ts";

export interface Dialled {
  readonly matches: readonly Match[];
  /** Ends whose endpoint is where the other's packets came from, with it. */
  readonly learnt: readonly End[];
}

/**
 * Of the two ends of a tunnel the one with a keepalive dials, and the other has learnt. Where both or neither have one, an endpoint
 * whose port the peer listens on was set; of one at another port a NAT or a port forward is in between, and it is kept only
 * where nobody else dials. Endpoints of files are what somebody wrote.
 */
export function withoutLearnt(matches: readonly Match[]): Dialled {
  const learnt: End[] = [];
  const told = matches.map(({ ends: [x, y] }): Match => {
    const isLearnt = [learns(x, y), learns(y, x)] as const;
    // Both dial through NATs and forwards, for all that is known.
    if (isLearnt[0] && isLearnt[1]) return { ends: [x, y] };
    return { ends: [without(x, isLearnt[0], learnt), without(y, isLearnt[1], learnt)] };
  });
  return { matches: told, learnt };
}

function learns(end: End, other: End): boolean {
  const endpoint = end.peer.endpoint?.value;
  if (endpoint === undefined || end.peer.isEndpointSeen !== true || other.peer.endpoint === undefined)
    return false;
  const [often, othersOften] = [end.peer.keepaliveS > 0, other.peer.keepaliveS > 0];
  if (often !== othersOften) return othersOften;
  return endpoint.port !== other.file.listenPort?.value;
}

function without(end: End, isLearnt: boolean, learnt: End[]): End {
  if (!isLearnt) return end;
  learnt.push(end);
  const { endpoint: _, isEndpointSeen: __, ...peer } = end.peer;
  return { ...end, peer };
}
