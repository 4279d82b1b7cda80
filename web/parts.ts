// The parts of the page that are text: a pair, the table of links, what was decided.
import type { DecisionNow, LinkNow, NetworkNow, PairNow, WayNow } from "../src/controller/wire.ts";
import { delayText, ms, percent } from "./figures.ts";
import { word } from "./words.ts";

export function node(name: string, content: string | readonly Node[] = [], kind = ""): HTMLElement {
  const made = document.createElement(name);
  if (kind !== "") made.className = kind;
  if (typeof content === "string") made.textContent = content;
  else made.append(...content);
  return made;
}

const pathText = (path: readonly string[]): string => path.join(" → ") || word("none");

export const pairParts = ({ there, back }: PairNow): Node[] => [
  ...wayParts("there", there),
  ...wayParts("home", back),
];

function wayParts(kind: "there" | "home", { path, delay, loss, candidates }: WayNow): Node[] {
  const direct = candidates.find((each) => each.path.length === 2 && path.length > 2);
  const lines = candidates
    .filter((each) => each.path.join() !== path.join())
    .map((each) => node("li", `${pathText(each.path)}: ${signed(each.moreDelayMs)}, ${percent(each.loss)}`));
  const saved =
    direct?.moreDelayMs === undefined
      ? []
      : [
          node(
            "p",
            `${word("direct")}: ${signed(direct.moreDelayMs)} ${word("delay")}, ${percent(direct.loss)} ${word("loss")}`,
          ),
        ];
  return [
    node("h3", `${word(kind === "there" ? "there" : "back")}: ${pathText(path)}`, kind),
    node("p", `${word("delay")} ${delayText(delay)}, ${word("loss")} ${percent(loss)}`),
    ...saved,
    node("ul", lines),
  ];
}

const signed = (value: number | undefined): string =>
  value === undefined ? word("unknown") : `${value < 0 ? "−" : "+"}${ms(Math.abs(value))}`;

const COLUMNS = ["link", "delay", "jitter", "loss"] as const;
type Column = (typeof COLUMNS)[number];
const order = { column: "link" as Column, isDescending: false };

export function linksTable({ links }: NetworkNow, sorted: () => void): HTMLElement {
  const heads = COLUMNS.map((column) => {
    const button = node("button", word(column));
    button.id = `by-${column}`;
    button.addEventListener("click", () => {
      order.isDescending = order.column === column && !order.isDescending;
      order.column = column;
      sorted();
    });
    const head = node("th", [button]);
    head.setAttribute("scope", "col");
    if (order.column === column)
      head.setAttribute("aria-sort", order.isDescending ? "descending" : "ascending");
    return head;
  });
  const rows = links.toSorted((x, y) => compare(x, y) * (order.isDescending ? -1 : 1)).map(row);
  return node("table", [node("thead", [node("tr", heads)]), node("tbody", rows)]);
}

function compare(x: LinkNow, y: LinkNow): number {
  if (order.column === "link") return nameOf(x).localeCompare(nameOf(y));
  const value = ({ delay, jitterMs, loss }: LinkNow): number =>
    ({ delay: delay?.typicalMs, jitter: jitterMs, loss })[order.column as "loss"] ?? -1;
  return value(x) - value(y);
}

const nameOf = ({ from, to, forwarder }: LinkNow): string =>
  `${from} → ${to}${forwarder === undefined ? "" : ` (${word("over")} ${forwarder})`}`;
const row = (link: LinkNow): HTMLElement =>
  node(
    "tr",
    [
      nameOf(link),
      link.isDown ? word("down") : delayText(link.delay),
      ms(link.jitterMs),
      link.isDown ? "100 %" : percent(link.loss),
    ].map((each) => node("td", each)),
  );

export function decisionParts({ decisions, isSimulated }: NetworkNow): Node[] {
  if (decisions.length === 0) return [node("li", word("quiet"))];
  return decisions.map(({ atMs, from, to, was, is, reason, gainMs }: DecisionNow) => {
    const when = isSimulated ? `${(atMs / 1000).toFixed(1)} s` : new Date(atMs).toLocaleString();
    const gain = gainMs === undefined ? "" : ` (${ms(gainMs)})`;
    return node("li", [
      node("time", when),
      document.createTextNode(` ${from} ⇒ ${to}: ${pathText(was)} ⟶ ${pathText(is)}: ${word(reason)}${gain}`),
    ]);
  });
}
