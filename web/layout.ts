// Where nodes stand: few of them on a circle, many where their tunnels pull them. The same network always looks the same.
//
// Springs and repulsion after T. M. J. Fruchterman and E. M. Reingold, "Graph Drawing by Force-directed Placement", 1991.

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Area {
  readonly width: number;
  readonly height: number;
  /** Kept free on every side. */
  readonly margin: number;
}

/** More cannot be told apart on a circle. */
export const MOST_ON_CIRCLE = 12;
/** Pairs of nodes looked at: a tenth of a second or so. */
const WORK = 8_000_000;
const [LEAST_ROUNDS, MOST_ROUNDS] = [40, 300];
/** Of a turn; neighbours in the list begin far from each other. */
const GOLDEN = Math.PI * (3 - Math.sqrt(5));

/** `tunnels` are pairs of places in the list of nodes. */
export function layout(nodes: number, tunnels: readonly (readonly [number, number])[], area: Area): Point[] {
  return nodes <= MOST_ON_CIRCLE ? onCircle(nodes, area) : byForce(nodes, tunnels, area);
}

function onCircle(nodes: number, { width, height, margin }: Area): Point[] {
  return Array.from({ length: nodes }, (_, index) => {
    const angle = (2 * Math.PI * index) / nodes - Math.PI / 2;
    return {
      x: width / 2 + (width / 2 - margin) * Math.cos(angle),
      y: height / 2 + (height / 2 - margin) * Math.sin(angle),
    };
  });
}

function byForce(nodes: number, tunnels: readonly (readonly [number, number])[], area: Area): Point[] {
  const [x, y] = [new Float64Array(nodes), new Float64Array(nodes)];
  for (let node = 0; node < nodes; node++) {
    const radius = Math.sqrt((node + 0.5) / nodes);
    x[node] = radius * Math.cos(node * GOLDEN);
    y[node] = radius * Math.sin(node * GOLDEN);
  }
  // The distance at which a spring and a repulsion are in balance, on a disk of radius 1.
  const rest = Math.sqrt(Math.PI / nodes);
  const rounds = Math.min(MOST_ROUNDS, Math.max(LEAST_ROUNDS, Math.floor(WORK / nodes ** 2)));
  const springs = simple(tunnels);
  for (let round = 0; round < rounds; round++) step(x, y, springs, rest, 0.2 * (1 - round / rounds));
  return fitted(x, y, area);
}

/** Every two nodes once. */
function simple(tunnels: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const found = new Map<string, readonly [number, number]>();
  for (const [one, other] of tunnels)
    if (one !== other) found.set([one, other].sort((a, b) => a - b).join(), [one, other]);
  return [...found.values()];
}

function step(
  x: Float64Array,
  y: Float64Array,
  springs: readonly (readonly [number, number])[],
  rest: number,
  farthest: number,
): void {
  const nodes = x.length;
  const [dx, dy] = [new Float64Array(nodes), new Float64Array(nodes)];
  for (let one = 0; one < nodes; one++)
    for (let other = one + 1; other < nodes; other++) {
      const [ax, ay] = [x[one]! - x[other]!, y[one]! - y[other]!];
      const push = rest ** 2 / Math.max(ax * ax + ay * ay, 1e-9);
      dx[one]! += ax * push;
      dy[one]! += ay * push;
      dx[other]! -= ax * push;
      dy[other]! -= ay * push;
    }
  // Where everybody has many tunnels, all would fall into one heap.
  const strength = Math.min(1, (2 * nodes) / Math.max(1, springs.length)) / rest;
  for (const [one, other] of springs) {
    const [ax, ay] = [x[one]! - x[other]!, y[one]! - y[other]!];
    const pull = strength * Math.hypot(ax, ay);
    dx[one]! -= ax * pull;
    dy[one]! -= ay * pull;
    dx[other]! += ax * pull;
    dy[other]! += ay * pull;
  }
  for (let node = 0; node < nodes; node++) {
    // What no tunnel holds must not drift away.
    const [fx, fy] = [dx[node]! - 0.1 * x[node]!, dy[node]! - 0.1 * y[node]!];
    const length = Math.hypot(fx, fy);
    const share = length > farthest ? farthest / length : 1;
    x[node]! += fx * share;
    y[node]! += fy * share;
  }
}

/** Fills the area, each direction on its own. */
function fitted(x: Float64Array, y: Float64Array, { width, height, margin }: Area): Point[] {
  const place = (values: Float64Array, size: number): number[] => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const scale = most > least ? (size - 2 * margin) / (most - least) : 0;
    return Array.from(values, (each) => margin + (each - least) * scale);
  };
  const [xs, ys] = [place(x, width), place(y, height)];
  return xs.map((each, node) => ({ x: each, y: ys[node]! }));
}
