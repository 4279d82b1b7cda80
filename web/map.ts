// The map: each direction of a tunnel an arrow of its own. Of a large network only the chosen pair's ways have heads and names.
import type { LinkNow, NetworkNow, PairNow } from "../src/controller/wire.ts";
import { delayText, grade, percent } from "./figures.ts";
import { layout, MOST_ON_CIRCLE, type Point } from "./layout.ts";
import { part, text, type Part } from "./tree.ts";
import { word } from "./words.ts";

const [WIDTH, HEIGHT] = [800, 560];
/** How nodes and arrows are drawn; an arrow's bend is from the straight line, tunnels beside each other bend further. */
interface Size {
  readonly radius: number;
  readonly bend: number;
  readonly margin: number;
  readonly isLarge: boolean;
}
const SMALL: Size = { radius: 22, bend: 22, margin: 70, isLarge: false };
const LARGE: Size = { radius: 6, bend: 5, margin: 30, isLarge: true };

interface Ways {
  readonly there: ReadonlySet<number>;
  readonly back: ReadonlySet<number>;
}

/** What an SVG of 800 by 560 holds. */
export function mapParts(network: NetworkNow, pair: PairNow | undefined): Part[] {
  const size = network.nodes.length > MOST_ON_CIRCLE ? LARGE : SMALL;
  const places = placesOf(network, size);
  const ways = pair && { there: new Set(pair.there.links), back: new Set(pair.back.links) };
  const seen = new Map<string, number>();
  const arrows = network.links.map((link, index) => {
    const key = `${link.from} ${link.to}`;
    const beside = (seen.get(key) ?? 0) + 1;
    seen.set(key, beside);
    const ends = [places.get(link.from)!, places.get(link.to)!] as const;
    return arrow(link, ends, { ...size, bend: size.bend * beside }, lit(index, ways));
  });
  const on = new Set([pair?.there, pair?.back].flatMap((way) => way?.path ?? []));
  const transits = new Set([pair?.there, pair?.back].flatMap((way) => way?.path.slice(1, -1) ?? []));
  const nodes = network.nodes.map(({ name, isThere }) => {
    const { x, y } = places.get(name)!;
    const classes = ["node", transits.has(name) ? "transit" : "", isThere ? "" : "away"];
    const isNamed = !size.isLarge || on.has(name);
    return part(
      "g",
      { class: classes.join(" ").trim(), transform: `translate(${x} ${y})` },
      part("circle", { r: on.has(name) && size.isLarge ? size.radius + 3 : size.radius }),
      ...(isNamed ? [part("text", { x: 0, y: size.radius + 18 }, name)] : []),
      text("title", transits.has(name) ? `${name}: ${word("plain")}` : name),
    );
  });
  return [part("g", { class: size.isLarge ? "large" : "" }, ...arrows, ...nodes)];
}

let known: { readonly key: string; readonly places: ReadonlyMap<string, Point> } | undefined;

/** Worked out once for the same nodes and tunnels. */
function placesOf({ nodes, links }: NetworkNow, { margin }: Size): ReadonlyMap<string, Point> {
  const names = nodes.map(({ name }) => name);
  const key = JSON.stringify([names, links.map(({ from, to }) => [from, to])]);
  if (known?.key === key) return known.places;
  const indices = new Map(names.map((name, index) => [name, index]));
  const tunnels = links.map(({ from, to }) => [indices.get(from)!, indices.get(to)!] as const);
  const points = layout(names.length, tunnels, { width: WIDTH, height: HEIGHT, margin });
  const rounded = points.map(({ x, y }) => ({ x: round(x), y: round(y) }));
  known = { key, places: new Map(names.map((name, index) => [name, rounded[index]!])) };
  return known.places;
}

const lit = (index: number, ways: Ways | undefined): Light =>
  ways === undefined ? "" : ways.there.has(index) ? "on there" : ways.back.has(index) ? "on home" : "dim";
type Light = "" | "dim" | "on there" | "on home";

function arrow(link: LinkNow, [from, to]: readonly [Point, Point], size: Size, light: Light): Part {
  const { bend, radius, isLarge } = size;
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.max(1, Math.hypot(dx, dy));
  const [ux, uy] = [dx / length, dy / length];
  const middle = { x: (from.x + to.x) / 2 - uy * 2 * bend, y: (from.y + to.y) / 2 + ux * 2 * bend };
  const start = { x: from.x + ux * radius, y: from.y + uy * radius };
  const end = { x: to.x - ux * (radius + 4), y: to.y - uy * (radius + 4) };
  const over = link.forwarder === undefined ? "" : ` ${word("over")} ${link.forwarder} (${word("forwards")})`;
  const uplink = link.uplink === undefined ? "" : ` ${word("over")} ${link.uplink}`;
  const isLit = light !== "" && light !== "dim";
  const classes = ["link", grade(link), over === "" ? "" : "over", isLit ? light : ""];
  return part(
    "g",
    light === "dim" ? { class: "dim" } : {},
    part("path", {
      class: classes.filter((each) => each !== "").join(" "),
      d: `M${at(start)}Q${at(middle)} ${at(end)}`,
    }),
    ...(isLarge && !isLit ? [] : [head(middle, end)]),
    text(
      "title",
      `${link.from} → ${link.to}${over || uplink}: ${delayText(link.delay)}, ${percent(link.loss)}`,
    ),
  );
}

/** Points the way that the curve arrives. */
function head(middle: Point, end: Point): Part {
  const degrees = round((Math.atan2(end.y - middle.y, end.x - middle.x) * 180) / Math.PI);
  const transform = `translate(${at(end)}) rotate(${degrees})`;
  return part("path", { class: "mark", d: "M2 0L-10 -5L-10 5Z", transform });
}

const at = ({ x, y }: Point): string => `${round(x)} ${round(y)}`;
const round = (value: number): number => Math.round(value * 10) / 10;
