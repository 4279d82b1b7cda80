// What is known of the links and the path that packets of a trace took.
import { lossOf, type DelayInterval, type Measurement } from "../core/measure/measurement.ts";
import type { KnownLinks } from "../core/status/links.ts";
import type { DirectionTrace } from "../core/trace/trace.ts";
import type { SeenHop } from "../core/trace/seen.ts";

interface Figures {
  readonly delay: DelayInterval;
  /** Share of packets, 0 to 1. */
  readonly loss: number;
}

/** By a measurement of its own, or by agents. */
export interface TraceFigures {
  /** By link index. */
  readonly links: readonly (
    | { readonly tunnel: string; readonly from: string; readonly figures?: Figures }
    | undefined
  )[];
  readonly path: (links: readonly number[]) => Figures | undefined;
}

export const figuresOfMeasurement = ({ links, path }: Measurement): TraceFigures => ({
  links: links.map(({ tunnel, from, ...link }) => ({
    tunnel,
    from,
    ...(link.timing && { figures: { delay: link.timing.delay, loss: lossOf(link) } }),
  })),
  path,
});

export const figuresOfAgents = ({ links, path }: KnownLinks): TraceFigures => ({
  links: links.map((link, at) => {
    const figures = path([at]);
    return link && { tunnel: link.tunnel, from: link.from, ...(figures && { figures }) };
  }),
  path,
});

const indexOf = ({ node, tunnel }: SeenHop, { links }: TraceFigures): number =>
  links.findIndex((link) => link?.tunnel === tunnel && link?.from === node);

/** Undefined: nothing came back over it, or it is not known which it is. */
export function linkOf(hop: SeenHop, figures: TraceFigures): Figures | undefined {
  return figures.links[indexOf(hop, figures)]?.figures;
}

/** Of the whole way; undefined where it is not whole, or packets do not arrive. */
export function wholeOf({ hops, verdict }: DirectionTrace, figures: TraceFigures): Figures | undefined {
  if (verdict === "lost" || verdict === "unknown") return undefined;
  const links = hops.slice(0, -1).map((hop) => indexOf(hop, figures));
  return links.includes(-1) ? undefined : figures.path(links);
}
