// `tofro simulate LAB`: what agents would do with a lab's network and schedule, on simulated time: no root, no sockets.
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { compile, type Plan } from "../core/plan.ts";
import { durationText, parseDurationMs } from "../core/quantity.ts";
import type { Direction } from "../lab/lab-file.ts";
import { loadLab } from "../lab/load.ts";
import { Ledger, type DirectionLedger } from "../simulate/ledger.ts";
import { Simulation } from "../simulate/simulation.ts";
import { Underlay } from "../simulate/underlay.ts";
import { needsWeb } from "./allow-changes.ts";
import { columns } from "./columns.ts";
import type { Io } from "./io.ts";
import { printDiagnostics } from "./load.ts";
import { parsePort } from "./port.ts";
import { simulateWeb } from "./simulate-web.ts";
import type { UnderlayChange } from "./underlay-change.ts";
import { underlayControl } from "./underlay-control.ts";
import { wayText } from "./way.ts";

const DEFAULT_MS = 600_000;
const LONGEST_MS = 24 * 3_600_000;
/** Between two looks at what is taken. */
const LOOK_MS = 20;
/** More ways than these are told as one. */
const WAYS = 4;

export const simulateCommand = (io: Io) =>
  new Command("simulate")
    .description("what agents would do with a lab's network and schedule: on simulated time, without root")
    .argument("<lab-file>", "as `lab up` takes it")
    .option("--for <time>", "how long, in simulated time", time, DEFAULT_MS)
    .option("--seed <number>", "for what is left to chance", seed, 1)
    .option("--web", "at wall speed, with its dashboard, until interrupted; prints the address to open")
    .option("--speed <number>", "of --web: seconds simulated in one, 0.1 to 100", speed, 1)
    .option("--port <number>", "of --web; 0 takes a free one", parsePort, 0)
    .option("--allow-changes", "of --web: the page may change delay and loss of links")
    .option("--json", "{ seconds, seed, loops, directions }")
    .action(async (file, options) => {
      needsWeb(options);
      const { lab, spec, warnings } = await loadLab(file);
      printDiagnostics(warnings, io);
      const plan = compile(spec, undefined, { agents: true });
      const underlay = new Underlay(plan.topology, lab);
      const simulation = new Simulation(plan, underlay, options.seed);
      const ledger = new Ledger(plan, simulation, underlay);
      ledger.changed();
      for (const { atMs, directions, change } of lab.schedule)
        simulation.timeline.after(atMs, () => {
          for (const each of directions) underlay.set(each, change);
          ledger.changed();
        });
      if (options.web === true) {
        const look = async () => (direction: Direction) => underlay.of(direction);
        const change = async ({ direction, is }: UnderlayChange) => underlay.set(direction, is);
        const control = options.allowChanges && underlayControl(plan.topology, { look, change });
        return simulateWeb(plan, simulation, { ...options, ...(control && { control }) }, io);
      }
      while (simulation.nowMs < options.for) {
        simulation.timeline.runUntil(Math.min(options.for, simulation.nowMs + LOOK_MS));
        ledger.look(LOOK_MS);
      }
      const report = {
        plan,
        ms: options.for,
        seed: options.seed,
        loops: ledger.loops,
        directions: ledger.directions(),
      };
      io.stdout(options.json === true ? simulateJson(report) : simulateText(report));
      if (ledger.loops > 0) io.exit(1);
    });

interface Report {
  readonly plan: Plan;
  readonly ms: number;
  readonly seed: number;
  readonly loops: number;
  readonly directions: readonly DirectionLedger[];
}

function time(text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== undefined && ms >= 1000 && ms <= LONGEST_MS) return ms;
  throw new InvalidArgumentError("Write a time from 1s to 24h, such as `--for 1h`.");
}

function seed(text: string): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text)) return value;
  throw new InvalidArgumentError("Write a whole number of at most nine digits.");
}

function speed(text: string): number {
  const value = Number(text);
  if (/^[\d.]+$/.test(text) && value >= 0.1 && value <= 100) return value;
  throw new InvalidArgumentError("Write a number from 0.1 to 100.");
}

function simulateText({ plan, ms, loops, directions }: Report): string {
  const rows = directions.flatMap((each) => {
    const shown = each.taken.slice(0, WAYS);
    const rest = each.taken.slice(WAYS).reduce((sum, { share }) => sum + share, 0);
    const ways = shown.map(({ links, share }) => [percent(share), wayOf(plan, links)]);
    const more = rest > 0 ? [[percent(rest), `${each.taken.length - WAYS} others`]] : [];
    const figures = [
      figure(each.delayMs),
      figure(each.bestDelayMs),
      each.directDelayMs === undefined ? "-" : figure(each.directDelayMs),
      figure(each.excessMs),
      each.outageMs === 0 ? "0" : durationText(each.outageMs),
      String(each.moves),
    ];
    return [
      [`${each.from} => ${each.to}`, ...figures],
      ...[...ways, ...more].map((way) => ["", way.join("  ")]),
    ];
  });
  const head = ["direction", "delay", "best", "direct", "dearer by", "outage", "moves"];
  const total = directions.reduce((sum, { excessMs }) => sum + excessMs, 0) / directions.length;
  const pairs = directions.length === 1 ? "1 direction" : `${directions.length} directions`;
  if (directions.length === 0) return "no line is measured (`=>`): nothing would move\n";
  return [
    `${durationText(ms)} simulated, ${pairs}; times in ms, means\n\n`,
    table(head, rows),
    `\n${figure(total)} ms dearer than the best way on average; ${loops === 0 ? "no packet went in a circle" : `${loops} looks found a circle`}\n`,
  ].join("");
}

/** Lines with ways stand between those with figures, and do not widen their columns. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const figures = columns([head, ...rows.filter((row) => row.length > 2)]).split("\n");
  const lines = [figures[0]!];
  let next = 1;
  for (const row of rows) lines.push(row.length > 2 ? figures[next++]! : `    ${row[1]!}`);
  return `${lines.join("\n")}\n`;
}

const simulateJson = ({ plan, ms, seed: number, loops, directions }: Report): string =>
  `${JSON.stringify(
    {
      seconds: ms / 1000,
      seed: number,
      loops,
      directions: directions.map(({ taken, ...each }) => ({
        ...each,
        taken: taken.map(({ links, share }) => ({
          path: pathOf(plan, links),
          tunnels: tunnelsOf(plan, links),
          share,
        })),
      })),
    },
    undefined,
    2,
  )}\n`;

const pathOf = ({ topology, routing }: Plan, links: readonly number[]): string[] => {
  const name = (index: number): string => topology.nodes[index]!.name;
  return [name(routing.sender(links[0]!)), ...links.map((link) => name(routing.sender(link ^ 1)))];
};
const tunnelsOf = ({ topology }: Plan, links: readonly number[]): string[] =>
  links.map((link) => topology.tunnels[link >> 1]!.id);
const wayOf = (plan: Plan, links: readonly number[]): string =>
  wayText(pathOf(plan, links), tunnelsOf(plan, links));

const figure = (ms: number): string => (Number.isNaN(ms) ? "-" : ms.toFixed(1));
const percent = (share: number): string => `${(share * 100).toFixed(1).padStart(5)} %`;
