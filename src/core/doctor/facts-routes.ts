// Routes and rules of a machine, as `ip -j` prints them.
import { z } from "zod";
import { hostPrefix, parseAddress, parsePrefix, type Family, type Prefix } from "../address.ts";

export interface SeenRoute {
  readonly family: Family;
  readonly prefix: Prefix | "default";
  readonly interface?: string;
  readonly table: string;
  readonly protocol: string;
  readonly type: string;
  readonly hasGateway: boolean;
  readonly metric: number;
}

export interface SeenRule {
  readonly family: Family;
  readonly priority: number;
  readonly protocol: string;
  /** Absent: it looks nothing up; `action` says what it does then. */
  readonly table?: string;
  /** `goto`, `l3mdev`, `unreachable` and so on. */
  readonly action?: string;
  readonly from?: Prefix;
  readonly to?: Prefix;
  readonly iif?: string;
  readonly isNegated: boolean;
  /** Wants a mark, which the plan's packets do not have. */
  readonly wantsMark: boolean;
  /** Asks for more than the above: ports, a user, an interface to leave by. */
  readonly isNarrow: boolean;
  /** Routes of this prefix length and shorter do not count. */
  readonly suppressedLength?: number;
  /** As `ip rule` takes it. */
  readonly text: string;
}

const routeList = z.array(
  z.object({
    dst: z.string(),
    dev: z.string().optional(),
    table: z.string().optional(),
    protocol: z.string().optional(),
    type: z.string().optional(),
    gateway: z.string().optional(),
    via: z.unknown().optional(),
    metric: z.number().optional(),
  }),
);

const ruleList = z.array(
  z.looseObject({
    priority: z.number(),
    table: z.string().optional(),
    protocol: z.string().optional(),
    src: z.string().optional(),
    srclen: z.number().optional(),
    dst: z.string().optional(),
    dstlen: z.number().optional(),
    iif: z.string().optional(),
    fwmark: z.string().optional(),
    fwmask: z.string().optional(),
    suppress_prefixlen: z.number().optional(),
    action: z.string().optional(),
  }),
);

const READ = new Set(
  "priority table protocol src srclen dst dstlen iif iif_detached fwmark fwmask suppress_prefixlen action not goto l3mdev".split(
    " ",
  ),
);

export const routesOf = (family: Family, json: unknown): SeenRoute[] =>
  routeList.parse(json).flatMap((each) => {
    const address = parseAddress(each.dst);
    const prefix =
      each.dst === "default"
        ? each.dst
        : address === undefined
          ? parsePrefix(each.dst)?.prefix
          : hostPrefix(address);
    if (prefix === undefined) return [];
    return [
      {
        family,
        prefix,
        table: each.table ?? "main",
        protocol: each.protocol ?? "boot",
        type: each.type ?? "unicast",
        hasGateway: each.gateway !== undefined || each.via !== undefined,
        metric: each.metric ?? 0,
        ...(each.dev === undefined ? {} : { interface: each.dev }),
      },
    ];
  });

export const rulesOf = (family: Family, json: unknown): SeenRule[] =>
  ruleList.parse(json).map((each) => {
    const { priority, table, protocol = "", iif, fwmark, fwmask } = each;
    const from = prefixOf(each.src, each.srclen, family);
    const to = prefixOf(each.dst, each.dstlen, family);
    const suppressedLength = each.suppress_prefixlen;
    const action = each.action ?? ("goto" in each ? "goto" : "l3mdev" in each ? "l3mdev" : undefined);
    const isNegated = "not" in each;
    const text = [
      ...(isNegated ? ["not"] : []),
      `from ${from ?? "all"}`,
      ...(to === undefined ? [] : [`to ${to}`]),
      ...(iif === undefined ? [] : [`iif ${iif}`]),
      ...(fwmark === undefined ? [] : [`fwmark ${fwmark}${fwmask === undefined ? "" : `/${fwmask}`}`]),
      table === undefined ? (action ?? "nothing") : `lookup ${table}`,
    ].join(" ");
    return {
      family,
      priority,
      protocol,
      isNegated,
      wantsMark: fwmark !== undefined && Number(fwmark) !== 0,
      isNarrow: Object.keys(each).some((key) => !READ.has(key)),
      text,
      ...(table === undefined ? {} : { table }),
      ...(action === undefined ? {} : { action }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(iif === undefined ? {} : { iif }),
      ...(suppressedLength === undefined ? {} : { suppressedLength }),
    };
  });

/** Undefined: any address. */
function prefixOf(text: string | undefined, length: number | undefined, family: Family): Prefix | undefined {
  const address = parseAddress(text ?? "");
  if (address === undefined) return undefined;
  return parsePrefix(`${address}/${length ?? (family === 4 ? 32 : 128)}`)?.prefix;
}
