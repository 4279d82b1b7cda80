// What was measured of the links and the path that packets of a trace took.
import { lossOf, type DelayInterval, type Measurement } from "../core/measure/measurement.ts";
import type { DirectionTrace } from "../core/trace/trace.ts";
import type { SeenHop } from "../core/trace/seen.ts";

interface Figures {
  readonly delay: DelayInterval;
  /** Share of packets, 0 to 1. */
  readonly loss: number;
}

const indexOf = ({ node, tunnel }: SeenHop, { links }: Measurement): number =>
  links.findIndex((link) => link.tunnel === tunnel && link.from === node);

/** Undefined: nothing came back over it, or it is not known which it is. */
export function linkOf(hop: SeenHop, measurement: Measurement | undefined): Figures | undefined {
  const link = measurement?.links[indexOf(hop, measurement)];
  if (link?.timing === undefined) return undefined;
  return { delay: link.timing.delay, loss: lossOf(link) };
}

/** Of the whole way; undefined where it is not whole, or packets do not arrive. */
export function wholeOf(
  { hops, verdict }: DirectionTrace,
  measurement: Measurement | undefined,
): Figures | undefined {
  if (measurement === undefined || verdict === "lost" || verdict === "unknown") return undefined;
  const links = hops.slice(0, -1).map((hop) => indexOf(hop, measurement));
  return links.includes(-1) ? undefined : measurement.path(links);
}
