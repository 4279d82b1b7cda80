// `ip -j`: addresses, routes or rules as JSON. `-p` and several outputs one after the other are taken too.
import * as z from "zod";
import type { Diagnostics } from "../diagnostics.ts";
import type { Position } from "../error.ts";
import type { Located } from "../spec.ts";
import { isDummyBy, seenAddress, type SeenAddresses } from "./ip-address.ts";
import { joined, seenRoute, type SeenRoutes } from "./ip-route.ts";
import { isOfKernel, type SeenRules } from "./ip-rule.ts";
import { placesOf } from "./json-places.ts";
import type { Output } from "./output.ts";
import { readRule } from "./script.ts";

const text = z.string();
const DEVICE = z.object({
  ifname: text.min(1),
  flags: z.array(text).default([]),
  mtu: z.number().int().positive().optional(),
  linkinfo: z.object({ info_kind: text.optional() }).optional(),
  addr_info: z.array(z.object({})).default([]),
});
const ADDRESS = z.object({
  family: text,
  local: text,
  prefixlen: z.number().int(),
  address: text.optional(),
});
const ROUTE = z.object({
  type: text.default("unicast"),
  dst: text,
  gateway: text.optional(),
  via: z.object({ host: text }).optional(),
  dev: text.min(1).optional(),
  table: z.union([text, z.number()]).optional(),
  protocol: z.union([text, z.number()]).optional(),
  prefsrc: text.optional(),
  pref: text.optional(),
  metric: z.number().int().optional(),
  metrics: z.array(z.object({ mtu: z.number().int().optional() })).optional(),
  nexthops: z.array(z.object({ dev: text.optional() })).default([]),
});
const RULE = z.object({
  priority: z.number().int(),
  src: text.default("all"),
  srclen: z.number().int().optional(),
  iif: text.optional(),
  table: z.union([text, z.number()]).optional(),
});
/** All else says more than a plan's rule can. */
const OF_RULE = new Set(["priority", "src", "srclen", "iif", "iif_detached", "table", "protocol"]);
const AGAIN = "save the output of `ip -j` again, whole";

export interface SeenJson extends SeenAddresses {
  readonly routes: SeenRoutes;
  readonly rules: SeenRules;
  /** There were rules, if only the kernel's. */
  readonly hasRules: boolean;
}

export function readJson({ lines }: Output, found: Diagnostics): SeenJson {
  const { all, places } = elementsOf(lines, found);
  const devices: SeenAddresses[] = [];
  const routes: SeenRoutes[] = [];
  const rules: SeenRules[] = [];
  for (const each of all) {
    const at = places.get(each) ?? lines[0]!.at;
    if ("priority" in each) rules.push(ruleOf(each, at, found));
    else if ("dst" in each) routes.push(routeOf(each, at, found));
    else if ("ifname" in each) devices.push(deviceOf(each, at, places, found));
    // `ip` leaves an empty one for what it did not select.
    else if (Object.keys(each).length > 0)
      found.error("bad-output", at, "this is no address, no route and no rule of `ip -j`", AGAIN);
  }
  return {
    devices: devices.flatMap((each) => each.devices),
    addresses: devices.flatMap(({ addresses }) => addresses),
    routes: joined(routes),
    rules: { rules: rules.flatMap((each) => each.rules), others: rules.flatMap(({ others }) => others) },
    hasRules: rules.length > 0,
  };
}

function elementsOf(
  lines: readonly Located<string>[],
  found: Diagnostics,
): { all: object[]; places: ReadonlyMap<object, Position> } {
  const whole = lines.map(({ value }) => value).join("\n");
  try {
    const read: unknown = JSON.parse(whole);
    const all = Array.isArray(read)
      ? read.filter((each): each is object => typeof each === "object" && each !== null)
      : [];
    if (Array.isArray(read) && all.length === read.length) return { all, places: placesOf(read, lines) };
    found.error("bad-output", lines[0]!.at, "this JSON is no list of objects", AGAIN);
  } catch (error) {
    // Its own message quotes the text.
    const offset = Number(/position (\d+)/.exec(String(error))?.[1] ?? whole.length);
    const before = whole.slice(0, offset).split("\n");
    const line = lines[Math.min(before.length, lines.length) - 1]!;
    const at = { ...line.at, column: before.at(-1)!.length + 1 };
    found.error(
      "bad-json",
      at,
      "this is not the JSON that `ip -j` prints: it breaks off or is spoilt here",
      AGAIN,
    );
  }
  return { all: [], places: new Map() };
}

/** Absent: it is not as `ip` makes it, and reported. */
function shaped<T>(shape: z.ZodType<T>, each: object, at: Position, found: Diagnostics): T | undefined {
  const read = shape.safeParse(each);
  if (read.success) return read.data;
  const where = read.error.issues[0]?.path.map(String).join(".") ?? "";
  found.error("bad-output", at, `\`${where}\` is missing here or is not as \`ip -j\` prints it`, AGAIN);
  return undefined;
}

function deviceOf(
  each: object,
  at: Position,
  places: ReadonlyMap<object, Position>,
  found: Diagnostics,
): SeenAddresses {
  const device = shaped(DEVICE, each, at, found);
  if (device === undefined) return { devices: [], addresses: [] };
  const { ifname: name, flags, mtu, linkinfo } = device;
  const raw = "addr_info" in each ? (each.addr_info as object[]) : [];
  const addresses = raw.flatMap((one) => {
    const place = places.get(one) ?? at;
    const said = shaped(ADDRESS, one, place, found);
    if (said === undefined) return [];
    const { family, prefixlen, local, address } = said;
    const own = address === undefined ? `${local}/${prefixlen}` : local;
    const peer = address === undefined ? undefined : `${address}/${prefixlen}`;
    return seenAddress({ family, local: own, peer, device: name, at: place }, found);
  });
  const isDummy = linkinfo?.info_kind === "dummy" || isDummyBy(flags);
  return { devices: [{ name, at, isDummy, ...(mtu !== undefined && { mtu }) }], addresses };
}

function routeOf(each: object, at: Position, found: Diagnostics): SeenRoutes {
  const route = shaped(ROUTE, each, at, found);
  if (route === undefined) return { routes: [], others: [] };
  const { type, dst: to, dev: device, table, protocol, prefsrc: source, metric, metrics, nexthops } = route;
  const gateway = route.gateway ?? route.via?.host ?? "";
  const isSix = route.pref !== undefined || gateway.includes(":") || (source ?? "").includes(":");
  const words = [type === "unicast" ? [] : type, to, device === undefined ? [] : ["dev", device]].flat();
  const mtu = metrics?.find((one) => one.mtu !== undefined)?.mtu;
  return seenRoute(
    {
      text: words.join(" "),
      at,
      type,
      to,
      device,
      source,
      table: table === undefined ? undefined : String(table),
      protocol: protocol === undefined ? undefined : String(protocol),
      metric: metric === undefined ? undefined : String(metric),
      mtu: mtu === undefined ? undefined : String(mtu),
      nextHops: nexthops.flatMap(({ dev }) => dev ?? []),
    },
    isSix ? 6 : 4,
    found,
  );
}

function ruleOf(each: object, at: Position, found: Diagnostics): SeenRules {
  const read = shaped(RULE, each, at, found);
  if (read === undefined) return { rules: [], others: [] };
  const { priority, src, srclen, iif, table } = read;
  const from = srclen === undefined || src === "all" ? src : `${src}/${srclen}`;
  const words = ["priority", String(priority), "from", from, ...(iif === undefined ? [] : ["iif", iif])];
  const other = Object.keys(each).filter((key) => !OF_RULE.has(key));
  const whole = table === undefined ? words : [...words, "lookup", String(table)];
  const rule = other.length > 0 ? undefined : readRule(whole, at);
  const value = [`${priority}: from ${from}`, ...whole.slice(4), ...other].join(" ");
  if (rule === undefined) return { rules: [], others: [{ value, at }] };
  return { rules: isOfKernel(rule) ? [] : [rule], others: [] };
}
