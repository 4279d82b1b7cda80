// The two ways to impair a link, behind one interface: the kernel's netem, or VDE's wirefilter where there is none.
import type { Namespace } from "../linux/namespace.ts";
import type { Impairment } from "./impairment.ts";
import type { Link, Underlay, Wire } from "./underlay.ts";

export type ImpairKind = "netem" | "wirefilter";

/** One direction of a wire that can be impaired. */
export interface WireLink {
  /** Index of the wire in the underlay. */
  readonly wire: number;
  /** 0: from the wire's first end to the second; 1: back. */
  readonly side: 0 | 1;
  readonly link: Link;
}

export interface Impairer {
  /** Lines for `ip -batch` that make the ends of all wires in their hosts. */
  wireLines(underlay: Underlay, pidOf: (host: string) => number): string[];
  /** Impairs all links, once the hosts and wires are there. */
  start(underlay: Underlay, namespaceOf: (host: string) => Namespace): Promise<void>;
  /** Changes one link while traffic flows; packets under way keep what they have. */
  change(
    underlay: Underlay,
    link: WireLink,
    impairment: Impairment,
    namespaceOf: (host: string) => Namespace,
  ): Promise<void>;
}

/** The host that the wirefilters and the schedule live in; a node's name cannot begin with a dot. */
export const INTERNET = ".internet";

export const linksOf = (underlay: Underlay): WireLink[] =>
  underlay.wires.flatMap(({ links }, wire) =>
    links === undefined
      ? []
      : [
          { wire, side: 0, link: links[0] },
          { wire, side: 1, link: links[1] },
        ],
  );

/** A veth pair between the hosts of a wire. */
export function vethLine({ ends: [a, b] }: Wire, pidOf: (host: string) => number): string {
  const here = `name ${a.interface} address ${a.mac} netns ${pidOf(a.host)}`;
  return `link add ${here} type veth peer name ${b.interface} address ${b.mac} netns ${pidOf(b.host)}`;
}
