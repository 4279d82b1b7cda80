// Looks back on a pair: its history, in as many points as a picture has room for.
import type { DecisionRecord, HistoryReader, PairPoint, Span } from "./history-types.ts";
import type { Interval, PairPast, PastMove, PastPoint, PastWay } from "./wire.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How far each reaches, and how long its points are. */
const SPANS: readonly (readonly [Span, number, number])[] = [
  ["hour", HOUR_MS, 1_000],
  ["day", DAY_MS, 60_000],
  ["month", 30 * DAY_MS, 30 * 60_000],
  ["years", 730 * DAY_MS, 12 * HOUR_MS],
];
const POINTS = 240;
const MOVES = 100;
/** Decisions that are looked through: the reader has no lower end of time. */
const LOOKED = 2_000;

/** The last `forMs`. A pair that nobody has measured has no points. */
export function pastOf(
  reader: HistoryReader,
  from: string,
  to: string,
  forMs: number,
  nowMs: number,
): PairPast {
  const [span, , slotMs] = SPANS.find(([, reachMs]) => forMs <= reachMs) ?? SPANS.at(-1)!;
  const stepMs = Math.max(slotMs, Math.ceil(forMs / POINTS / slotMs) * slotMs);
  const fromMs = nowMs - forMs;
  const way = (a: string, c: string): PastWay => {
    const points = reader.pair(a, c, span, nowMs).filter(({ atMs }) => atMs >= fromMs);
    const decisions = reader
      .decisions({ from: a, to: c, beforeMs: nowMs, count: LOOKED })
      .filter(({ atMs }) => atMs >= fromMs);
    return wayOf(points, decisions, fromMs, stepMs);
  };
  return { fromMs, toMs: nowMs, stepMs, there: way(from, to), back: way(to, from) };
}

function wayOf(
  points: readonly PairPoint[],
  decisions: readonly DecisionRecord[],
  fromMs: number,
  stepMs: number,
): PastWay {
  const paths: (readonly string[])[] = [];
  const numbers = new Map<string, number>();
  for (const { path } of points) {
    if (path.length === 0 || numbers.has(path.join())) continue;
    numbers.set(path.join(), paths.length);
    paths.push(path);
  }
  const steps = Map.groupBy(points, ({ atMs }) => Math.floor((atMs - fromMs) / stepMs));
  return {
    paths,
    points: Array.from(steps, ([step, each]) => folded(fromMs + step * stepMs, each, numbers)),
    moves: decisions.slice(0, MOVES).map(moveOf).toReversed(),
    untold: Math.max(0, decisions.length - MOVES),
    saved: savedOf(points),
  };
}

function folded(atMs: number, points: readonly PairPoint[], numbers: ReadonlyMap<string, number>): PastPoint {
  const delay = bandOf(points);
  const loss = mean(points.map((each) => each.loss));
  const path = commonest(points.map((each) => numbers.get(each.path.join())));
  const directMs = mean(points.map((each) => each.directDelayMs?.typical));
  const directLoss = mean(points.map((each) => each.directLoss));
  return {
    atMs,
    ...(delay && { delay }),
    ...(loss !== undefined && { loss }),
    ...(path !== undefined && { path }),
    ...(directMs !== undefined && { directMs }),
    ...(directLoss !== undefined && { directLoss }),
  };
}

function bandOf(points: readonly PairPoint[]): Interval | undefined {
  const bands = points.flatMap(({ delayMs }) => (delayMs === undefined ? [] : [delayMs]));
  const typicalMs = mean(bands.map(({ typical }) => typical));
  if (typicalMs === undefined) return undefined;
  return {
    lowMs: bands.reduce((least, { low }) => Math.min(least, low), Infinity),
    typicalMs,
    highMs: bands.reduce((most, { high }) => Math.max(most, high), 0),
  };
}

/** Differences of typical delays at one time are exact, whatever the clocks; of different times they are not. */
function savedOf(points: readonly PairPoint[]): PastWay["saved"] {
  const delayMs = mean(points.map((each) => difference(each.directDelayMs?.typical, each.delayMs?.typical)));
  const loss = mean(points.map((each) => difference(each.directLoss, each.loss)));
  return { ...(delayMs !== undefined && { delayMs }), ...(loss !== undefined && { loss }) };
}

const difference = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? undefined : one - other;

function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** Of equals the latest. */
function commonest(values: readonly (number | undefined)[]): number | undefined {
  const counts = new Map<number, number>();
  let best: number | undefined;
  for (const value of values) {
    if (value === undefined) continue;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    if (best === undefined || counts.get(value)! >= counts.get(best)!) best = value;
  }
  return best;
}

const moveOf = ({ atMs, reason, was, is }: DecisionRecord): PastMove => ({
  atMs,
  reason,
  was: was.path,
  is: is.path,
  ...(was.moreCostMs !== undefined && { gainMs: was.moreCostMs }),
});
