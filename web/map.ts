// The map: nodes on a circle, each direction of a tunnel its own curved arrow.
import type { LinkNow, NetworkNow, PairNow } from "../src/controller/wire.ts";
import { delayText, grade, percent } from "./figures.ts";
import { word } from "./words.ts";

const NAMESPACE = "http://www.w3.org/2000/svg";
const [MIDDLE_X, MIDDLE_Y, RADIUS_X, RADIUS_Y, NODE] = [400, 280, 320, 220, 22];
/** How far an arrow bends from the straight line; tunnels beside each other bend further. */
const BEND = 22;

interface Point {
  readonly x: number;
  readonly y: number;
}

export function drawMap(svg: SVGElement, network: NetworkNow, pair: PairNow | undefined): void {
  const places = new Map(
    network.nodes.map(({ name }, index) => {
      const angle = (2 * Math.PI * index) / network.nodes.length - Math.PI / 2;
      return [name, { x: MIDDLE_X + RADIUS_X * Math.cos(angle), y: MIDDLE_Y + RADIUS_Y * Math.sin(angle) }];
    }),
  );
  const seen = new Map<string, number>();
  const arrows = network.links.map((link, index) => {
    const key = `${link.from} ${link.to}`;
    const beside = (seen.get(key) ?? 0) + 1;
    seen.set(key, beside);
    return arrow(link, places.get(link.from)!, places.get(link.to)!, BEND * beside, lit(index, pair));
  });
  const transits = new Set([pair?.there, pair?.back].flatMap((way) => way?.path.slice(1, -1) ?? []));
  const nodes = network.nodes.map(({ name, isThere }) => {
    const { x, y } = places.get(name)!;
    const classes = ["node", transits.has(name) ? "transit" : "", isThere ? "" : "away"];
    const group = element("g", { class: classes.join(" ").trim(), transform: `translate(${x} ${y})` });
    group.append(element("circle", { r: String(NODE) }), text(name, 0, NODE + 18));
    if (transits.has(name)) group.append(title(`${name}: ${word("plain")}`));
    return group;
  });
  svg.replaceChildren(...arrows, ...nodes);
}

function lit(index: number, pair: PairNow | undefined): string {
  if (pair === undefined) return "";
  const [there, back] = [pair.there.links.includes(index), pair.back.links.includes(index)];
  return there ? "on there" : back ? "on home" : "dim";
}

function arrow(link: LinkNow, from: Point, to: Point, bend: number, light: string): SVGElement {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy);
  const [ux, uy] = [dx / length, dy / length];
  const middle = { x: (from.x + to.x) / 2 - uy * 2 * bend, y: (from.y + to.y) / 2 + ux * 2 * bend };
  const start = { x: from.x + ux * NODE, y: from.y + uy * NODE };
  const end = { x: to.x - ux * (NODE + 4), y: to.y - uy * (NODE + 4) };
  const over = link.forwarder === undefined ? "" : ` ${word("over")} ${link.forwarder} (${word("forwards")})`;
  const group = element("g", { class: light === "dim" ? "dim" : "" });
  group.append(
    element("path", {
      class: `link ${grade(link)} ${over === "" ? "" : "over"} ${light === "dim" ? "" : light}`,
      d: `M${start.x} ${start.y} Q${middle.x} ${middle.y} ${end.x} ${end.y}`,
    }),
    head(middle, end),
    title(`${link.from} → ${link.to}${over}: ${delayText(link.delay)}, ${percent(link.loss)}`),
  );
  return group;
}

/** Points the way that the curve arrives. */
function head(middle: Point, { x, y }: Point): SVGElement {
  const degrees = (Math.atan2(y - middle.y, x - middle.x) * 180) / Math.PI;
  const transform = `translate(${x} ${y}) rotate(${degrees})`;
  return element("path", { class: "mark", d: "M2 0 L-10 -5 L-10 5 Z", transform });
}

function element(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
function text(content: string, x: number, y: number): SVGElement {
  const made = element("text", { x: String(x), y: String(y) });
  made.textContent = content;
  return made;
}
function title(content: string): SVGElement {
  const made = element("title", {});
  made.textContent = content;
  return made;
}
