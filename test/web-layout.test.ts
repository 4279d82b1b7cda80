// Where nodes stand: within the area, apart from each other, near those they have tunnels with, always the same.
import { expect, it } from "vitest";
import { layout, MOST_ON_CIRCLE, type Point } from "../web/layout.ts";

const AREA = { width: 800, height: 560, margin: 40 };
const distance = (one: Point, other: Point): number => Math.hypot(one.x - other.x, one.y - other.y);

it("puts a few on a circle, the first on top", () => {
  const [first, second] = layout(4, [], AREA) as [Point, Point];
  expect([first.x, first.y, second.x, second.y].map(Math.round)).toEqual([400, 40, 760, 280]);
});

it("keeps groups together and everybody apart, and looks the same again", () => {
  // Four full meshes of ten, in a ring of single tunnels.
  const tunnels: [number, number][] = [];
  for (let group = 0; group < 4; group++) {
    for (let one = 0; one < 10; one++)
      for (let other = one + 1; other < 10; other++) tunnels.push([10 * group + one, 10 * group + other]);
    tunnels.push([10 * group, 10 * ((group + 1) % 4) + 1]);
  }
  const places = layout(40, tunnels, AREA);
  expect(layout(40, tunnels, AREA)).toEqual(places);
  const [near, far] = [[] as number[], [] as number[]];
  for (let one = 0; one < 40; one++)
    for (let other = one + 1; other < 40; other++)
      (Math.floor(one / 10) === Math.floor(other / 10) ? near : far).push(
        distance(places[one]!, places[other]!),
      );
  const mean = (values: number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
  expect(mean(far)).toBeGreaterThan(2 * mean(near));
  expect(Math.min(...near, ...far)).toBeGreaterThan(8);
});

it.each([MOST_ON_CIRCLE + 1, 200, 600])("fits %i into the area, tunnels or not", (nodes) => {
  const ring = Array.from({ length: nodes }, (_, node) => [node, (node + 1) % nodes] as const);
  const mesh = ring.flatMap(([node]) => [1, 7, 31].map((step) => [node, (node + step) % nodes] as const));
  for (const tunnels of [[], ring, mesh]) {
    const places = layout(nodes, tunnels, AREA);
    expect(places).toHaveLength(nodes);
    for (const { x, y } of places) {
      expect(x >= 39.9 && x <= 760.1 && y >= 39.9 && y <= 520.1).toBe(true);
    }
    const seen = new Set(places.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`));
    expect(seen.size).toBe(nodes);
  }
});
