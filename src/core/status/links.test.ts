import { expect, it } from "vitest";
import { Incoming } from "../agent/incoming.ts";
import { parseTold, tellLink, type AgentStatus } from "../agent/told.ts";
import { parse } from "../parse.ts";
import { compile } from "../plan.ts";
import { knownLinks, linkStatuses as statusesOf } from "./links.ts";

const { spec } = parse(
  "overlay: 10.0.0.0/24\nnodes: { c: {}, b: { endpoint: 198.51.100.1 }, a: { endpoint: 198.51.100.2 } }\npaths: [all <=> all]\n",
  "tofro.yaml",
);
const plan = compile(spec!, { nodes: new Map() });
const LIVES = { a: 1, b: 2, c: 3 };
/** Of clocks far apart. */
const OFFSETS_MS = { a: 0, b: 5e6, c: -3e5 };
const DELAYS_MS = new Map([
  ["a b", 8],
  ["b a", 8],
  ["b c", 7],
  ["c b", 7],
  ["a c", 55],
  ["c a", 15],
]);
type Name = keyof typeof LIVES;

const agent = (to: Name, more: Partial<AgentStatus["links"][number]> = {}): AgentStatus => ({
  life: LIVES[to],
  controller: { isConnected: true },
  keeper: {},
  links: plan.topology.tunnels.flatMap(({ id, ends }) => {
    const from = ends.find(({ node }) => node !== to)!.node as Name;
    if (!ends.some(({ node }) => node === to)) return [];
    const rawMs = DELAYS_MS.get(`${from} ${to}`)! + OFFSETS_MS[to] - OFFSETS_MS[from];
    const losses = [
      { windowMs: 2_000, sent: 40, lost: 0 },
      { windowMs: 60_000, sent: 1_200, lost: 12 },
    ];
    const figures = { life: LIVES[from], rawMs, boundMs: rawMs, jitterMs: 1.5, losses };
    return [{ tunnel: id, from, condition: "up" as const, forMs: 9_000, ...figures, ...more }];
  }),
});
const all = (): [Name, AgentStatus][] => [
  ["a", agent("a")],
  ["b", agent("b")],
  ["c", agent("c")],
];
const linkStatuses = (told: typeof plan, agents: ReadonlyMap<string, AgentStatus>, ageMs: number) =>
  statusesOf(told, knownLinks(told, agents, ageMs));
const named = (links: ReturnType<typeof linkStatuses>): string[] =>
  links.map(({ from, to }) => `${from} ${to}`);

it("has every link with an interval that holds its delay, in the order of the tunnels' names", () => {
  const links = linkStatuses(plan, new Map(all()), 100);
  expect(named(links)).toEqual(["b c", "c b", "a c", "c a", "a b", "b a"]);
  for (const { from, to, delay, ...rest } of links) {
    const trulyMs = DELAYS_MS.get(`${from} ${to}`)!;
    expect(delay!.lowestMs).toBeLessThanOrEqual(trulyMs);
    expect(delay!.highestMs).toBeGreaterThanOrEqual(trulyMs);
    expect(rest).toMatchObject({ condition: "up", forMs: 9_000, jitterMs: 1.5, loss: 0.01 });
  }
  // What a relay says of clocks.
  expect(links[2]!.delay!.lowestMs).toBeGreaterThan(30);
});

it("takes what agents say of packets that they heard", () => {
  const toldBy = (to: Name): AgentStatus => {
    const nowMs = 20_000 + OFFSETS_MS[to];
    const links = agent(to).links.map(({ tunnel, from }) => {
      const incoming = new Incoming({ intervalMs: 50, holdMs: 10_000 }, nowMs - 19_000);
      for (let sequence = 0; sequence < 300; sequence++) {
        const sentMs = 4_800 + 50 * sequence;
        const heardMs = sentMs + DELAYS_MS.get(`${from} ${to}`)! + OFFSETS_MS[to];
        const life = LIVES[from as Name];
        if (sequence % 10 !== 9)
          incoming.hear({ life, sequence, sentMs: sentMs + OFFSETS_MS[from as Name], heardMs });
        incoming.tick(heardMs);
      }
      return tellLink(tunnel, from, incoming, nowMs);
    });
    const choice = { epoch: 0, trees: [], paths: [], dead: [] };
    const answer: unknown = JSON.parse(JSON.stringify({ ...choice, status: { ...agent(to), links } }));
    return parseTold(answer)!.status!;
  };
  const links = linkStatuses(plan, new Map((["a", "b", "c"] as const).map((to) => [to, toldBy(to)])), 100);
  expect(links).toHaveLength(6);
  for (const { from, to, delay, ...rest } of links) {
    const trulyMs = DELAYS_MS.get(`${from} ${to}`)!;
    expect(delay!.lowestMs).toBeLessThanOrEqual(trulyMs);
    expect(delay!.highestMs).toBeGreaterThanOrEqual(trulyMs);
    expect(rest).toMatchObject({ condition: "up", jitterMs: expect.closeTo(0, 6) as number });
    expect(rest.loss).toBeCloseTo(0.1, 2);
  }
});

it("has wider intervals of answers that lie farther apart", () => {
  const width = (ageMs: number): number => {
    const { lowestMs, highestMs } = linkStatuses(plan, new Map(all()), ageMs)[2]!.delay!;
    return highestMs - lowestMs;
  };
  expect(width(5_000)).toBeGreaterThan(width(100));
});

it("says of a link what its receiver told, and no delay without the sender's clock", () => {
  const links = linkStatuses(plan, new Map([["b", agent("b")]]), 100);
  expect(named(links)).toEqual(["c b", "a b"]);
  for (const link of links) {
    expect(link).toMatchObject({ condition: "up", jitterMs: 1.5 });
    expect(link).not.toHaveProperty("delay");
  }
  // Begun anew, and the receiver has not heard of it yet.
  const anew = linkStatuses(plan, new Map([...all(), ["c", { ...agent("c"), life: 99 }]]), 100);
  expect(anew.filter(({ delay }) => delay === undefined).map(({ from }) => from)).toContain("c");
});

it("has no figures of a link that is down", () => {
  const links = linkStatuses(plan, new Map([...all(), ["c", agent("c", { condition: "down" })]]), 100);
  expect(links.filter(({ to }) => to === "c")).toEqual([
    { tunnel: "b - c", from: "b", to: "c", condition: "down", forMs: 9_000 },
    { tunnel: "a - c", from: "a", to: "c", condition: "down", forMs: 9_000 },
  ]);
});

it("adds up a path, and says nothing of one with a link that nobody tells of", () => {
  const { links, path } = knownLinks(plan, new Map(all()), 100);
  const index = (from: string, to: string): number =>
    links.findIndex((link) => link?.from === from && link.to === to);
  const way = [index("a", "b"), index("b", "c")];
  const { delay, loss } = path(way)!;
  expect(delay.lowestMs).toBeLessThanOrEqual(15);
  expect(delay.highestMs).toBeGreaterThanOrEqual(15);
  // The round trip, and what clocks drift on two links.
  expect(delay.highestMs).toBeLessThan(36);
  expect(loss).toBeCloseTo(1 - 0.99 * 0.99, 9);
  const down = new Map([...all(), ["c", agent("c", { condition: "down" })]]);
  expect(knownLinks(plan, down, 100).path(way)).toBeUndefined();
});
