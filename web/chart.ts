// One direction of a pair over time: its delay with its bounds, its loss, the way that it took, and when it moved.
//
//   ms |  ~~~~~band~~~~~ + line, the direct tunnel dotted
//    % |  ..||....|.....  loss
//      |  [A........][B...] way
//      +--------|---------- moves are lines through all of it, with their number
import type { PairPast, PastPoint, PastWay } from "../src/controller/wire.ts";
import { ms, pathText, percent } from "./figures.ts";
import { momentText, moments, roundUp } from "./scale.ts";
import { part, text, type Part } from "./tree.ts";
import { word } from "./words.ts";

const [LEFT, RIGHT] = [46, 8];
const [DELAY_TOP, DELAY_BOTTOM] = [18, 128];
const [LOSS_TOP, LOSS_BOTTOM] = [142, 172];
const [WAY_TOP, WAY_BOTTOM] = [180, 196];
const HEIGHT = 218;
/** Below this share of loss the bars would be all that one sees. */
const LEAST_LOSS = 0.05;
/** Pixels that a time below takes. */
const TICK = 90;
/** Nearer to the right edge it ends at its moment. */
const EDGE = 30;
/** Shades of ways; more take turns, and their letters go on. */
const SHADES = 6;

interface Frame {
  readonly past: PairPast;
  readonly x: (atMs: number) => number;
  readonly width: number;
}

/** `width` in pixels, as what it holds is written at its size. */
export function chart(past: PairPast, way: PastWay, kind: "there" | "home", look: Look): Part {
  const { width, isSimulated } = look;
  const span = past.toMs - past.fromMs;
  const x = (atMs: number): number => round(LEFT + ((atMs - past.fromMs) / span) * (width - LEFT - RIGHT));
  const frame = { past, x, width };
  return part(
    "svg",
    {
      class: `chart ${kind}`,
      viewBox: `0 0 ${width} ${HEIGHT}`,
      role: "img",
      "aria-label": `${look.name}. ${summary(way)}`,
    },
    ...axis(frame, isSimulated),
    ...delays(frame, way.points),
    ...losses(frame, way.points),
    ...ways(frame, way),
    ...way.moves.map((move, index) =>
      part(
        "g",
        { class: "move" },
        part("line", { x1: x(move.atMs), x2: x(move.atMs), y1: DELAY_TOP, y2: WAY_BOTTOM }),
        part("text", { x: x(move.atMs), y: DELAY_TOP - 5 }, String(index + 1)),
        text("title", `${pathText(move.is)}: ${word(move.reason)}`),
      ),
    ),
  );
}

export interface Look {
  readonly width: number;
  readonly isSimulated: boolean;
  /** Of the direction, for who does not see it. */
  readonly name: string;
}

/** In words, for who does not see it. */
function summary({ points, moves }: PastWay): string {
  const typical = points.flatMap(({ delay }) => (delay === undefined ? [] : [delay.typicalMs]));
  const lost = points.flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
  if (typical.length === 0) return word("blank");
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, each) => sum + each, 0) / values.length;
  return [
    `${word("delay")} ${ms(Math.min(...typical))} – ${ms(Math.max(...typical))}`,
    ...(lost.length === 0 ? [] : [`${word("loss")} ${percent(mean(lost))}`]),
    `${word("moves")}: ${moves.length}`,
  ].join(", ");
}

function axis({ past, x, width }: Frame, isSimulated: boolean): Part[] {
  const offsetMs = isSimulated ? 0 : -60_000 * new Date(past.toMs).getTimezoneOffset();
  const span = past.toMs - past.fromMs;
  const most = Math.max(2, Math.floor((width - LEFT - RIGHT) / TICK));
  return moments(past.fromMs, past.toMs, most, offsetMs).flatMap((atMs) => [
    part("line", { class: "grid", x1: x(atMs), x2: x(atMs), y1: DELAY_TOP, y2: WAY_BOTTOM }),
    part(
      "text",
      { class: x(atMs) > width - EDGE ? "tick last" : "tick", x: x(atMs), y: HEIGHT - 6 },
      momentText(atMs, span, isSimulated),
    ),
  ]);
}

function delays({ past, x, width }: Frame, points: readonly PastPoint[]): Part[] {
  const most = points.reduce(
    (highest, { delay, directMs }) => Math.max(highest, delay?.highMs ?? 0, directMs ?? 0),
    0,
  );
  const top = roundUp(Math.max(1, most));
  const y = (value: number): number => round(DELAY_BOTTOM - (value / top) * (DELAY_BOTTOM - DELAY_TOP));
  const middle = (each: PastPoint): number => x(each.atMs + past.stepMs / 2);
  const bands = runs(points, past.stepMs, ({ delay }) => delay !== undefined).map((run) => {
    const high = run.map((each) => `${middle(each)} ${y(each.delay!.highMs)}`);
    const low = run.toReversed().map((each) => `${middle(each)} ${y(each.delay!.lowMs)}`);
    return part("path", { class: "band", d: `M${[...high, ...low].join("L")}Z` });
  });
  const line = (kind: string, valueOf: (each: PastPoint) => number | undefined): Part[] =>
    runs(points, past.stepMs, (each) => valueOf(each) !== undefined).map((run) =>
      part("path", {
        class: kind,
        // A point alone is a short stroke.
        d: `M${run.map((each) => `${middle(each)} ${y(valueOf(each)!)}`).join("L")}${run.length === 1 ? "h1" : ""}`,
      }),
    );
  return [
    ...scale(width, [DELAY_TOP, DELAY_BOTTOM], `${top} ms`),
    ...bands,
    ...line("direct", ({ directMs }) => directMs),
    ...line("line", ({ delay }) => delay?.typicalMs),
  ];
}

function losses({ past, x, width }: Frame, points: readonly PastPoint[]): Part[] {
  const top = roundUp(points.reduce((most, { loss }) => Math.max(most, loss ?? 0), LEAST_LOSS));
  const bars = points.flatMap(({ atMs, loss }) => {
    if (loss === undefined || loss === 0) return [];
    const height = round(Math.max(1, (Math.min(loss, 1) / Math.min(top, 1)) * (LOSS_BOTTOM - LOSS_TOP)));
    const left = x(atMs);
    const d = `M${left} ${LOSS_BOTTOM}v${-height}H${round(Math.max(left + 1, x(atMs + past.stepMs)))}v${height}Z`;
    return [part("path", { class: "lost", d })];
  });
  return [...scale(width, [LOSS_TOP, LOSS_BOTTOM], `${round(100 * Math.min(top, 1))} %`), ...bars];
}

/** Neighbours on the same way are one piece; a letter where there is room for it. */
function ways({ past, x }: Frame, { points, paths }: PastWay): Part[] {
  const pieces: { path: number; fromMs: number; toMs: number }[] = [];
  for (const { atMs, path } of points) {
    if (path === undefined) continue;
    const last = pieces.at(-1);
    const toMs = Math.min(atMs + past.stepMs, past.toMs);
    if (last?.path === path && atMs <= last.toMs + past.stepMs / 2) last.toMs = toMs;
    else pieces.push({ path, fromMs: atMs, toMs });
  }
  return pieces.map(({ path, fromMs, toMs }) => {
    const [left, right] = [x(fromMs), x(toMs)];
    const width = String(round(Math.max(1, right - left)));
    return part(
      "g",
      { class: `way shade-${path % SHADES}` },
      part("rect", { x: left, y: WAY_TOP, width, height: WAY_BOTTOM - WAY_TOP }),
      ...(right - left < 12
        ? []
        : [part("text", { x: round((left + right) / 2), y: WAY_BOTTOM - 4 }, letter(path))]),
      text("title", pathText(paths[path]!)),
    );
  });
}

/** A, B … Z, AA … */
export const letter = (index: number): string =>
  (index < 26 ? "" : letter(Math.floor(index / 26) - 1)) + String.fromCodePoint(65 + (index % 26));

function scale(width: number, [top, bottom]: readonly [number, number], most: string): Part[] {
  return [
    part("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: top, y2: top }),
    part("line", { class: "base", x1: LEFT, x2: width - RIGHT, y1: bottom, y2: bottom }),
    part("text", { class: "value", x: LEFT - 5, y: top + 9 }, most),
    part("text", { class: "value", x: LEFT - 5, y: bottom }, "0"),
  ];
}

/** Points beside each other that all are known. */
function runs(
  points: readonly PastPoint[],
  stepMs: number,
  isKnown: (each: PastPoint) => boolean,
): PastPoint[][] {
  const found: PastPoint[][] = [];
  let last: PastPoint | undefined;
  for (const each of points) {
    if (!isKnown(each)) continue;
    if (last === undefined || each.atMs - last.atMs > 1.5 * stepMs) found.push([]);
    found.at(-1)!.push(each);
    last = each;
  }
  return found;
}

const round = (value: number): number => Math.round(value * 10) / 10;
