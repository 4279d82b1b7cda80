// What `tofro measure` prints for a person.
import { WORTHWHILE_MS } from "../core/choose/defaults.ts";
import type { DirectionFigures, Gain, Way } from "../core/measure/directions.ts";
import {
  lossOf,
  type DelayInterval,
  type LinkFigures,
  type PathFigures,
} from "../core/measure/measurement.ts";
import { ratioOf } from "../core/measure/tally.ts";
import { columns } from "./columns.ts";
import type { MeasureReport } from "./measure.ts";
import { stampsNote } from "./stamps-note.ts";
import { wayText } from "./way.ts";

/** A direction's lines stand below its name. */
const INDENT = "  ";
/** Of a tunnel's probes: fewer that nobody knows the way of are not worth a line. */
const WORTH_SAYING = 0.02;

export function measureText(report: MeasureReport): string {
  const { seconds, ratePerS, tunnels, measurement, directions, stamps } = report;
  const { loosenedMs } = measurement;
  const links = measurement.links.filter(({ tunnel }) => tunnels.has(tunnel));
  // Nothing where it is as it is everywhere.
  const who = [...stamps.values()].includes("kernel") ? `; ${stampsNote(stamps).join("")}` : "";
  const title = `${tunnels.size} ${tunnels.size === 1 ? "tunnel" : "tunnels"}, ${ratePerS} probes a second each for ${seconds} s${who}\n\n`;
  const uneven =
    loosenedMs > 0
      ? `some clock did not run evenly: the intervals allow for ${figure(loosenedMs)} ms of it\n`
      : "";
  return [
    title,
    columns(linkRows(links)),
    ...notes(links),
    uneven,
    ...directions.map(directionText(directions, tunnels)),
  ].join("");
}

const HEAD = ["link", "one-way delay", "round trip", "jitter p50", "p95", "loss", "reordered"];

function linkRows(links: readonly LinkFigures[]): string[][] {
  const rows = links.map((link) => {
    const { timing, packets } = link;
    const name = wayText([link.from, link.to], [link.tunnel]);
    if (timing === undefined) return [name, "nothing came back"];
    return [
      name,
      intervalText(timing.delay),
      `${figure(timing.roundTripMs)} ms`,
      `${figure(timing.jitterMs.p50)} ms`,
      `${figure(timing.jitterMs.p95)} ms`,
      percent(lossOf(link)),
      percent(ratioOf(packets.reordered, packets.seen)),
    ];
  });
  return [HEAD, ...rows];
}

const notes = (links: readonly LinkFigures[]): string[] =>
  links.flatMap(({ tunnel, undecided, packets, timing }, index) => {
    const whole = packets.sent + undecided;
    // Both links of a tunnel tell the same; the one that the probes were sent by knows of more packets.
    const isFirst = index % 2 === 0;
    if (!isFirst || timing === undefined || undecided < WORTH_SAYING * whole) return [];
    return [
      `${tunnel}: nothing came back of the last ${undecided} probes, nobody knows on which way they were lost\n`,
    ];
  });

const directionText =
  (all: readonly DirectionFigures[], probed: ReadonlySet<string>) =>
  (direction: DirectionFigures): string => {
    const { from, to, planned } = direction;
    const back = all.find((other) => other.from === to && other.to === from);
    const plan = planned === undefined ? "no path" : wayFigures(planned, probed);
    const lines = [
      `plan  ${plan}`,
      `best  ${bestText(direction, probed)}`,
      ...roundTrip(direction, back, all),
    ];
    return `\n${from} to ${to}\n${lines.map((line) => `${INDENT}${line}\n`).join("")}`;
  };

function bestText({ planned, best, gain }: DirectionFigures, probed: ReadonlySet<string>): string {
  if (best === undefined) return "nothing leads there";
  if (gain?.worthwhile === true) return `${wayText(best.path, best.tunnels)}: ${gainText(gain)}`;
  if (planned?.figures === undefined) return wayFigures(best, probed);
  return gain === undefined ? "the same" : `nothing is better by ${WORTHWHILE_MS} ms`;
}

function wayFigures({ path, tunnels, figures }: Way, probed: ReadonlySet<string>): string {
  const nothing = tunnels.every((each) => probed.has(each)) ? "gave nothing" : "was not probed";
  return `${wayText(path, tunnels)}: ${figures === undefined ? `a tunnel on the way ${nothing}` : figuresText(figures)}`;
}

const figuresText = ({ delay, jitterMs, loss }: PathFigures): string =>
  `${intervalText(delay)}, jitter ${figure(jitterMs)} ms, loss ${percent(loss)}`;

/** `38.2 ms faster, 3 % less loss`; what is the same is left out. */
function gainText({ delayMs, jitterMs, loss }: Gain): string {
  const parts = [
    compared(delayMs, figure, " ms", ["faster", "slower"]),
    compared(loss, (share) => percent(share).slice(0, -2), " %", ["less loss", "more loss"]),
    compared(jitterMs, figure, " ms", ["less jitter", "more jitter"]),
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

function compared(
  value: number,
  text: (value: number) => string,
  unit: string,
  [more, less]: readonly [string, string],
): string | undefined {
  const amount = text(Math.abs(value));
  return Number(amount) === 0 ? undefined : `${amount}${unit} ${value > 0 ? more : less}`;
}

/** Behind the second direction of a pair: offsets cancel out, so both sums are exact. */
function roundTrip(
  direction: DirectionFigures,
  back: DirectionFigures | undefined,
  all: readonly DirectionFigures[],
): string[] {
  if (back === undefined || all.indexOf(back) > all.indexOf(direction)) return [];
  const sum = (of: (each: DirectionFigures) => PathFigures | undefined): string | undefined => {
    const [x, y] = [of(back), of(direction)];
    return x && y && `${figure(x.comparableMs + y.comparableMs)} ms`;
  };
  const [planned, best] = [sum(({ planned: way }) => way?.figures), sum(({ best: way }) => way?.figures)];
  if (planned === undefined) return [];
  const better = [direction, back].some(({ gain }) => gain?.worthwhile === true);
  return [`round trip ${planned}${better && best !== undefined ? `, with the best each way ${best}` : ""}`];
}

/** Never a bare number: one that clocks could falsify stands with what it lies between. */
export const intervalText = ({ guessMs, lowestMs, highestMs }: DelayInterval): string =>
  `${figure(guessMs)} ms (${figure(lowestMs)} to ${figure(highestMs)})`;

export const figure = (ms: number): string => ms.toFixed(1).replace(/^-0\.0$/, "0.0");

/** At most one decimal, `0 %` for none at all. */
export const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;
