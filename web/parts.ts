// The parts of the page that are text: a pair, the table of links, what was decided.
import type {
  ChangedNow,
  ChangeNow,
  DecisionNow,
  LinkNow,
  NetworkNow,
  PairNow,
  WayNow,
} from "../src/controller/wire.ts";
import { delayText, ms, pathText, percent, signedMs, timeText } from "./figures.ts";
import { part, text, type Part } from "./tree.ts";
import { word } from "./words.ts";

export const pairParts = ({ there, back }: PairNow): Part[] => [
  ...wayParts("there", there),
  ...wayParts("home", back),
];

function wayParts(kind: "there" | "home", { path, delay, loss, candidates }: WayNow): Part[] {
  const direct = candidates.find((each) => each.path.length === 2 && path.length > 2);
  const lines = candidates
    .filter((each) => each.path.join() !== path.join())
    .map((each) =>
      text("li", `${pathText(each.path)}: ${signedMs(each.moreDelayMs)}, ${percent(each.loss)}`),
    );
  const saved =
    direct?.moreDelayMs === undefined
      ? []
      : [
          text(
            "p",
            `${word("direct")}: ${signedMs(direct.moreDelayMs)} ${word("delay")}, ${percent(direct.loss)} ${word("loss")}`,
          ),
        ];
  return [
    part("h3", { class: kind }, `${word(kind === "there" ? "there" : "back")}: ${pathText(path)}`),
    text("p", `${word("delay")} ${delayText(delay)}, ${word("loss")} ${percent(loss)}`),
    ...saved,
    ...(lines.length === 0 ? [] : [part("ul", {}, ...lines)]),
  ];
}

export const COLUMNS = ["link", "delay", "jitter", "loss"] as const;
export interface Order {
  readonly column: (typeof COLUMNS)[number];
  readonly isDescending: boolean;
}

export interface Sight {
  /** Only links whose name has this, whatever its case. */
  readonly having: string;
  readonly most: number;
}

/** The button of a column has the id `by-` and its name. */
export function linksParts({ links }: NetworkNow, order: Order, { having, most }: Sight): Part[] {
  const heads = COLUMNS.map((column) => {
    const sort = order.isDescending ? "descending" : "ascending";
    return part(
      "th",
      { scope: "col", ...(order.column === column && { "aria-sort": sort }) },
      part("button", { id: `by-${column}`, type: "button" }, word(column)),
    );
  });
  const wanted = having.toLowerCase();
  const found = links.filter((link) => nameOf(link).toLowerCase().includes(wanted));
  const sorted = found.toSorted((x, y) => compare(x, y, order) * (order.isDescending ? -1 : 1));
  const left = sorted.length - most;
  return [
    part(
      "table",
      {},
      part("thead", {}, part("tr", {}, ...heads)),
      part("tbody", {}, ...sorted.slice(0, most).map(row)),
    ),
    ...(left > 0 ? [text("p", `${word("untold")}: ${left}`)] : []),
  ];
}

function compare(x: LinkNow, y: LinkNow, { column }: Order): number {
  if (column === "link") return nameOf(x).localeCompare(nameOf(y));
  const value = ({ delay, jitterMs, loss }: LinkNow): number =>
    ({ delay: delay?.typicalMs, jitter: jitterMs, loss })[column] ?? -1;
  return value(x) - value(y);
}

export function nameOf({ from, to, forwarder, uplink }: LinkNow): string {
  const over = forwarder ?? uplink;
  return `${from} → ${to}${over === undefined ? "" : ` (${word("over")} ${over})`}`;
}

const row = (link: LinkNow): Part =>
  part(
    "tr",
    {},
    ...[
      nameOf(link),
      link.isDown ? word("down") : delayText(link.delay),
      ms(link.jitterMs),
      link.isDown ? "100 %" : percent(link.loss),
    ].map((each) => text("td", each)),
  );

export function decisionParts({ decisions, isSimulated }: NetworkNow): Part[] {
  if (decisions.length === 0) return [text("li", word("quiet"))];
  return decisions.map(({ atMs, from, to, was, is, reason, gainMs }: DecisionNow) => {
    const gain = gainMs === undefined ? "" : ` (${ms(gainMs)})`;
    return part(
      "li",
      {},
      text("time", timeText(atMs, isSimulated)),
      ` ${from} ⇒ ${to}: ${pathText(was)} ⟶ ${pathText(is)}: ${word(reason)}${gain}`,
    );
  });
}

export function changeParts(changes: readonly ChangeNow[], isSimulated: boolean): Part[] {
  if (changes.length === 0) return [text("li", word("quiet"))];
  return changes.map((each) =>
    part(
      "li",
      each.kind === "rollback" ? { class: "cut" } : {},
      text("time", timeText(each.atMs, isSimulated)),
      ` ${changeText(each)}`,
    ),
  );
}

function changeText({ kind, who, text: said, what }: ChangeNow): string {
  switch (kind) {
    case "apply":
    case "rollback": {
      const whose = who === undefined ? "" : `, ${word("by")} ${who}`;
      return `${word(kind)}${whose}${what === undefined ? "" : `: ${what.map(whatText).join("; ")}`}`;
    }
    case "failover": {
      const isBack = said.endsWith(REVIVED);
      return `${word(isBack ? "revived" : "died")}: ${said.replace(isBack ? REVIVED : DIED, "")}`;
    }
    case "start":
      return word(kind);
    case "left":
    case "joined":
      return `${word(kind)}: ${who ?? ""}`;
  }
}

/** `tunnels: 2 added, 1 removed (+a - c, +b - c, -a - d)` */
function whatText(what: ChangedNow): string {
  const counts = (["added", "changed", "removed"] as const).flatMap((how) =>
    what[how] === undefined ? [] : [`${what[how]} ${word(how)}`],
  );
  if (counts.length === 0) return word(what.kind);
  const { names = [], added = 0, removed = 0 } = what;
  const more = names.length < added + removed ? ", …" : "";
  const named = names.length === 0 ? "" : ` (${names.join(", ")}${more})`;
  return `${word(what.kind)}: ${counts.join(", ")}${named}`;
}

/** How the controller ends what it says of a link. */
const [DIED, REVIVED] = [" is down", " is up again"];
