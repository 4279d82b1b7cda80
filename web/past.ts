// A pair over time: both directions as pictures, and what they say in words.
import type { PairPast, PastWay } from "../src/controller/wire.ts";
import { chart, letter } from "./chart.ts";
import { ms, octetsText, pathText, percent, signedMs, timeText } from "./figures.ts";
import { part, text, type Part } from "./tree.ts";
import { word } from "./words.ts";

const HOUR_MS = 3_600_000;
export const SPANS = { hour: HOUR_MS, day: 24 * HOUR_MS, month: 30 * 24 * HOUR_MS } as const;
/** Of delay in ms, and of loss as a share: less is nothing to speak of. */
const [LEAST_MS, LEAST_LOSS] = [0.05, 0.0005];

/** `width` in pixels. */
export const pastParts = (past: PairPast, width: number, isSimulated: boolean): Part[] => [
  ...wayParts(past, past.there, "there", width, isSimulated),
  ...wayParts(past, past.back, "home", width, isSimulated),
  ...exchangedParts(past),
];

function wayParts(
  past: PairPast,
  way: PastWay,
  kind: "there" | "home",
  width: number,
  isSimulated: boolean,
): Part[] {
  const name = word(kind === "there" ? "there" : "back");
  const head = part("h3", { class: kind }, name);
  if (way.points.length === 0) return [head, text("p", word("blank"))];
  return [
    head,
    chart(past, way, kind, { width, isSimulated, name }),
    part(
      "ul",
      { class: "ways" },
      ...way.paths.map((path, index) => text("li", `${letter(index)}: ${pathText(path)}`)),
    ),
    ...savedParts(way),
    ...carriedParts(way),
    ...movesParts(way, isSimulated),
  ];
}

/** What the direct tunnel would have cost on top. */
function savedParts({ saved: { delayMs, loss } }: PastWay): Part[] {
  const isWorthAWord = Math.abs(delayMs ?? 0) >= LEAST_MS || Math.abs(loss ?? 0) >= LEAST_LOSS;
  if (!isWorthAWord) return [];
  const figures = [
    ...(delayMs === undefined ? [] : [`${signedMs(delayMs)} ${word("delay")}`]),
    ...(loss === undefined || Math.abs(loss) < LEAST_LOSS
      ? []
      : [`${loss < 0 ? "−" : "+"}${percent(Math.abs(loss))} ${word("loss")} (${word("points")})`]),
  ];
  return [part("p", { class: "saved" }, `${word("saved")}: ${figures.join(", ")}`)];
}

const carriedParts = ({ carried = [] }: PastWay): Part[] =>
  carried.map(({ relay, from, to, octets, isShared }) => {
    const others = isShared === true ? `, ${word("shared")}` : "";
    const figures = `${relay} ${word("carried")} ${octetsText(octets)} (${pathText([from, relay, to])})`;
    return part("p", { class: "carried" }, figures + others);
  });

/** Nothing to speak of while no relay carries anything. */
function exchangedParts({ exchanged }: PairPast): Part[] {
  if (exchanged === undefined || exchanged.relayed === 0) return [];
  const { relayed, octets } = exchanged;
  const [were, are] = [octetsText(octets), octetsText(relayed)];
  return [
    part(
      "p",
      { class: "exchanged" },
      `${word("relayed")} ${are} ${word("instead")} ${were} (${word("both")})`,
    ),
  ];
}

function movesParts({ moves, untold }: PastWay, isSimulated: boolean): Part[] {
  if (moves.length === 0) return [text("p", word("unmoved"))];
  const lines = moves.map(({ atMs, was, is, reason, gainMs }, index) =>
    part(
      "li",
      {},
      `${index + 1}. `,
      text("time", timeText(atMs, isSimulated)),
      ` ${pathText(was)} ⟶ ${pathText(is)}: ${word(reason)}${gainMs === undefined ? "" : ` (${ms(gainMs)})`}`,
    ),
  );
  return [
    part(
      "details",
      {},
      text("summary", `${word("moves")}: ${moves.length + untold}`),
      part("ol", { class: "moves", tabindex: 0, "aria-label": word("moves") }, ...lines.toReversed()),
    ),
  ];
}
