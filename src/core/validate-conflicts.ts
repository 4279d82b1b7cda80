// Two lines that say different things about one direction of one pair of nodes.
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import type { Draft, DraftLine, DraftPath } from "./draft.ts";
import { endOf, reversed } from "./draft.ts";
import type { Names } from "./validate-names.ts";

/** One direction of one line. */
interface Direction {
  readonly path: DraftPath;
  readonly from: string;
  readonly to: string;
  /** Nodes in the middle. */
  readonly transits: readonly string[];
  /** By hop, the forwarder or uplink in its arrow. */
  readonly over: readonly (string | undefined)[];
  readonly pinned: boolean;
  /** Equal for `all` lines that mean the same wherever they meet; explicit lines need none. */
  readonly meaning: string;
}

/**
 * `a -> c` overrides `a => all`, which overrides `all => all`; lines of equal rank must not disagree. Two explicit lines
 * always conflict. `a => all` and `all => c` meet in one pair, unless an explicit line decides it.
 */
export function validateConflicts(draft: Draft, names: Names, found: Diagnostics): void {
  const first = new Map<string, Direction>();
  const conflicts = new Conflicts(found);
  const directions = draft.paths.flatMap((path) => (path.line ? directionsOf(path, path.line) : []));
  for (const direction of directions) {
    const key = `${direction.from} ${direction.to}`;
    const other = first.get(key);
    const explicit = direction.from !== "all" && direction.to !== "all";
    if (other === undefined) first.set(key, direction);
    else if (explicit ? direction.from !== direction.to : other.meaning !== direction.meaning) {
      conflicts.report(other, direction, direction.from, direction.to);
    }
  }
  const outward = [...first.values()].filter((each) => each.from !== "all" && each.to === "all");
  const inward = [...first.values()].filter((each) => each.from === "all" && each.to !== "all");
  for (const there of outward) {
    const here = inward.find(
      (each) =>
        each.meaning !== there.meaning &&
        there.from !== each.to &&
        !first.has(`${there.from} ${each.to}`) &&
        [there, each].every((line) => speaksFor(line, there.from, each.to, names)),
    );
    if (here) conflicts.report(there, here, there.from, here.to);
  }
}

class Conflicts {
  readonly #found: Diagnostics;
  readonly #reported = new Set<DraftPath>();

  constructor(found: Diagnostics) {
    this.#found = found;
  }

  /** At the later line, once a line. */
  report(a: Direction, b: Direction, from: string, to: string): void {
    const isLater =
      b.path.at.line > a.path.at.line ||
      (b.path.at.line === a.path.at.line && b.path.at.column > a.path.at.column);
    const [earlier, later] = isLater ? [a.path, b.path] : [b.path, a.path];
    if (this.#reported.has(later)) return;
    this.#reported.add(later);
    const message = `${quote(later.text)} and ${quote(earlier.text)} on line ${earlier.at.line} both say how ${quote(from)} reaches ${quote(to)}`;
    const crossing = a.from !== b.from || a.to !== b.to;
    const hint = crossing ? `add a line for the pair: \`${from} => ${to}\`` : "keep one of them";
    this.#found.error("conflicting-paths", later.at, message, hint);
  }
}

/** A pinned `all` line skips the pairs that it cannot serve. */
function speaksFor(line: Direction, from: string, to: string, names: Names): boolean {
  if (!line.pinned) return true;
  if (line.transits.includes(from) || line.transits.includes(to)) return false;
  const stops = [from, ...line.transits, to].map((name) => names.nodes.get(name));
  return stops.every(
    (stop, index) =>
      index === 0 || line.over[index - 1] !== undefined || stop?.dialable || stops[index - 1]?.dialable,
  );
}

function directionsOf(path: DraftPath, line: DraftLine): Direction[] {
  return (line.twoWay ? [line, reversed(line)] : [line]).map((each) => {
    const [from, to] = [each.from.value, endOf(each).value];
    const transits = each.hops.slice(0, -1).map((hop) => hop.to.value);
    const over = each.hops.map((hop) => hop.over?.value);
    const meaning = from === "all" || to === "all" ? meaningOf(path, each, transits, over) : "";
    return { path, from, to, transits, over, pinned: each.kind === "pinned", meaning };
  });
}

function meaningOf(
  path: DraftPath,
  line: DraftLine,
  transits: readonly string[],
  over: Direction["over"],
): string {
  const { avoid, via, maxHops, backup } = path;
  return JSON.stringify([
    line.kind,
    transits,
    over,
    namesOf(avoid),
    namesOf(via),
    maxHops?.value,
    backup.kind,
  ]);
}

const namesOf = (option: DraftPath["avoid"]): string[] | undefined =>
  option?.names.map((name) => name.value).sort();
