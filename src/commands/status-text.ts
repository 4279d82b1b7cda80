// `tofro status` for a person: one screen of 80 columns, what is wrong first where not all of it fits.
import type { LinkStatus } from "../core/status/links.ts";
import type { DirectionStatus, EndStatus, TunnelStatus } from "../core/status/status.ts";
import type { Drift } from "../linux/status.ts";
import { sparkline } from "../render/sparkline.ts";
import { bytesText } from "./bytes.ts";
import { columns } from "./columns.ts";
import { intervalText, percent } from "./measure-text.ts";
import type { Unreachable } from "./reachable.ts";
import { agentLines, isDown, linkCells, type AgentState } from "./status-agents.ts";
import { wayText } from "./way.ts";

export interface StatusReport {
  readonly file: string;
  readonly tunnels: readonly TunnelStatus[];
  /** As agents know them, in the order of tunnels. */
  readonly links: readonly LinkStatus[];
  /** By node; of those that can be asked. */
  readonly agents: ReadonlyMap<string, AgentState>;
  readonly directions: readonly DirectionStatus[];
  /** By node; of those that can be asked. */
  readonly drift: ReadonlyMap<string, Drift>;
  readonly unreachable: readonly Unreachable[];
  /** By node, who read the arrival times of what was measured. */
  readonly stamps: ReadonlyMap<string, "kernel" | "user">;
  /** Why nothing, or not everything, was measured. */
  readonly notes: readonly string[];
  /** Seconds that the history covers. */
  readonly historyS: number;
}

export interface Screen {
  /** Lines that there are; absent: as many as it takes. */
  readonly rows?: number;
}

const WIDTH = 80;
const SPARK = { width: 16, leastSpread: 3 };
/** Longer names have a line of their own. */
const NAME = 26;
/** Heads, gaps, what is left out, and where the cursor stands. */
const FRAME = 9;
const MARK = "!";

export function statusText(report: StatusReport, { rows }: Screen = {}): string {
  const { tunnels, links, agents, directions, drift, unreachable, notes, historyS } = report;
  const tail = [
    ...agentLines(agents, MARK).map(cut),
    ...driftLines(drift),
    ...unreachable.map(({ node, message }) => cut(`${MARK} ${node} cannot be asked: ${message}`)),
    ...notes.map((note) => cut(`  ${note}`)),
  ];
  const room = rows === undefined ? Infinity : Math.max(4, rows - FRAME - tail.length);
  const wanted = directions.flatMap(directionLines).length;
  // Directions have what tunnels leave, and half of the room at least.
  const forDirections = Math.max(Math.floor(room / 2), room - tunnels.length);
  const shownDirections = fitting(
    directions,
    isBadDirection,
    forDirections,
    (each) => directionLines(each).length,
  );
  const used = Math.min(wanted, forDirections);
  // All links, or where there is no room for all of them those that are down.
  const isRoomy = tunnels.length + links.length <= room - used;
  const ofTunnel = Map.groupBy(isRoomy ? links : links.filter(isDown), ({ tunnel }) => tunnel);
  const linksOf = ({ tunnel }: TunnelStatus): readonly LinkStatus[] => ofTunnel.get(tunnel) ?? [];
  const isBad = (each: TunnelStatus): boolean => isBadTunnel(each) || linksOf(each).some(isDown);
  const shownTunnels = fitting(tunnels, isBad, room - used, (each) => 1 + linksOf(each).length);
  const head = historyS > 0 ? `, last ${spanText(historyS)} of ${SPARK.width} marks` : "";
  return [
    cut(
      `${report.file}: ${count(tunnels.length, "tunnel")}, ${count(directions.length, "direction")} with a line`,
    ),
    "\n",
    tunnelLines(shownTunnels, linksOf),
    more(tunnels.length - shownTunnels.length, "tunnel"),
    `\n  direction${head}\n`,
    shownDirections.flatMap(directionLines).join(""),
    more(directions.length - shownDirections.length, "direction"),
    "\n",
    ...tail,
  ].join("");
}

const isBadTunnel = ({ condition }: TunnelStatus): boolean => condition === "down" || condition === "never";
const isBadDirection = ({ broken }: DirectionStatus): boolean => broken.length > 0;

/** What is wrong first, then as many others as fit, in their order. */
function fitting<Item>(
  items: readonly Item[],
  isBad: (item: Item) => boolean,
  room: number,
  size: (item: Item) => number,
): Item[] {
  const chosen = new Set<Item>();
  let left = room;
  for (const item of [...items.filter(isBad), ...items.filter((each) => !isBad(each))]) {
    if (left < size(item)) break;
    left -= size(item);
    chosen.add(item);
  }
  return items.filter((each) => chosen.has(each));
}

const more = (hidden: number, what: string): string =>
  hidden === 0 ? "" : `  ... and ${count(hidden, `more ${what}`)}, no worse than these\n`;

/** Each with its links below it. */
function tunnelLines(
  tunnels: readonly TunnelStatus[],
  linksOf: (tunnel: TunnelStatus) => readonly LinkStatus[],
): string {
  const [head, ...rows] = linesOf([["  tunnel", "now at", "shook", "->", "<-"], ...tunnels.map(tunnelRow)]);
  const links = tunnels.map((each) => linksOf(each).map((link) => linkRow(link, each)));
  const below = linesOf(links.flat());
  const all = rows.flatMap((row, index) => [row, ...below.splice(0, links[index]!.length)]);
  return [head!, ...all].map((line) => `${line}\n`).join("");
}

const linesOf = (rows: readonly (readonly string[])[]): string[] => columns(rows).split("\n").slice(0, -1);

function linkRow(link: LinkStatus, { ends: [one] }: TunnelStatus): string[] {
  const arrow = link.from === one.node ? "->" : "<-";
  return linkCells(link, `${isDown(link) ? MARK : " "}   ${arrow}`, spanText);
}

function tunnelRow(each: TunnelStatus): string[] {
  const { tunnel, condition, handshakeAgeS, ends } = each;
  const [one, other] = ends;
  const age =
    handshakeAgeS === undefined ? (condition === "unknown" ? "?" : "never") : spanText(handshakeAgeS);
  const mark = isBadTunnel(each) ? MARK : " ";
  const name = condition === "down" ? `${tunnel} DOWN` : tunnel;
  return [`${mark} ${shortened(name, NAME)}`, endpointText(one, other), age, amount(one), amount(other)];
}

const amount = ({ sentBytes }: EndStatus): string => (sentBytes === undefined ? "?" : bytesText(sentBytes));

/** `a > 203.0.113.2:51820`: who dials, and where that is now. */
function endpointText(one: EndStatus, other: EndStatus): string {
  const dialler = one.dials && (one.endpoint !== undefined || !other.dials) ? one : other;
  return shortened(`${shortened(dialler.node, 8)} > ${dialler.endpoint ?? "?"}`, 28);
}

function directionLines({ path, tunnels, figures, broken, history }: DirectionStatus): string[] {
  const mark = broken.length > 0 ? MARK : " ";
  const name = wayText(path, tunnels);
  const told =
    figures === undefined
      ? broken.length === 0
        ? ["not measured"]
        : [`LOST: nothing came through ${broken.join(", ")}`]
      : [intervalText(figures.delay).padEnd(25), percent(figures.loss).padEnd(6)];
  const cells = [...told, ...(history.length > 1 ? [sparkline(history, SPARK)] : [])].join("  ");
  if (name.length <= NAME) return [cut(`${mark} ${name.padEnd(NAME)}  ${cells}`)];
  return [cut(`${mark} ${name}`), cut(`${mark} ${" ".repeat(NAME)}  ${cells}`)];
}

function driftLines(drift: ReadonlyMap<string, Drift>): string[] {
  const all = [...drift];
  if (all.length === 0) return [];
  const drifted = all.filter(([, each]) => each.kind === "drift");
  const unknown = all.filter(([, each]) => each.kind === "unknown");
  const lines = [
    ...drifted.map(([node, each]) => {
      const [first, ...rest] = each.kind === "drift" ? each.commands : [];
      const others = rest.length === 0 ? "" : ` (+${rest.length})`;
      return cut(
        `${MARK} drift at ${node}${others}: ${first?.split("\n")[0] ?? "what brings it up at boot"}`,
      );
    }),
    ...(unknown.length === 0
      ? []
      : [cut(`  drift at ${names(unknown)} not known: ${whyUnknown(unknown[0]![1])}`)]),
  ];
  const same = all.length - drifted.length - unknown.length;
  const none = same === all.length ? "  drift: none" : `  no drift at ${count(same, "other machine")}`;
  return same === 0 ? lines : [...lines, `${none}\n`];
}

const names = (entries: readonly (readonly [string, unknown])[]): string =>
  entries.map(([node]) => node).join(", ");

const whyUnknown = (drift: Drift): string => (drift.kind === "unknown" ? drift.message : "");

const count = (many: number, what: string): string => `${many} ${what}${many === 1 ? "" : "s"}`;

const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 2)}..`;

const cut = (line: string): string => `${shortened(line.replaceAll("\n", " ").trimEnd(), WIDTH)}\n`;

/** `45s`, `12m`, `5h`, `3d`. */
export function spanText(seconds: number): string {
  const [unit, size] = (
    [
      ["d", 86_400],
      ["h", 3600],
      ["m", 60],
    ] as const
  ).find(([, each]) => seconds >= 2 * each) ?? ["s", 1];
  return `${Math.floor(seconds / size)}${unit}`;
}
