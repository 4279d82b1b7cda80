// What a controller might say, for the page: three nodes, one of them away, a relay under way, and a week behind it.
import type {
  ChangeNow,
  LinkNow,
  NetworkNow,
  PairNow,
  PairPast,
  PastWay,
  WayNow,
} from "../../src/controller/wire.ts";
import type { Source } from "../../src/web/server.ts";

const NOW_MS = Date.UTC(2026, 10, 27, 20, 30);
const interval = (typicalMs: number) => ({ lowMs: typicalMs - 3, typicalMs, highMs: typicalMs + 5 });

const link = (tunnel: string, from: string, to: string, more: Partial<LinkNow> = {}): LinkNow => ({
  tunnel,
  from,
  to,
  isDown: false,
  delay: interval(15),
  jitterMs: 0.4,
  loss: 0.001,
  ...more,
});

const LINKS: readonly LinkNow[] = [
  link("a - b", "a", "b"),
  link("a - b", "b", "a"),
  link("b - c", "b", "c"),
  link("b - c", "c", "b", { isDown: true }),
  link("a - c", "a", "c", { delay: interval(70), loss: 0.06 }),
  link("a - c", "c", "a", { delay: interval(16), loss: 0.02 }),
  link("a - c [hkg]", "a", "c", { forwarder: "hkg" }),
  { tunnel: "a - c [hkg]", from: "c", to: "a", forwarder: "hkg", isDown: false },
];

const NETWORK: NetworkNow = {
  atMs: NOW_MS,
  isSimulated: false,
  nodes: ["a", "b", "c"].map((name) => ({ name, isThere: name !== "b" })),
  links: LINKS,
  decisions: [
    {
      atMs: NOW_MS - 9_000,
      from: "a",
      to: "c",
      reason: "gain",
      was: ["a", "c"],
      is: ["a", "b", "c"],
      gainMs: 61,
    },
    { atMs: NOW_MS - 90_000, from: "a", to: "c", reason: "recovered", was: [], is: ["a", "c"] },
  ],
};

const THERE: WayNow = {
  path: ["a", "b", "c"],
  links: [0, 2],
  delay: interval(30),
  loss: 0.002,
  candidates: [
    { path: ["a", "b", "c"], moreCostMs: 0, moreDelayMs: 0, jitterMs: 0.8, loss: 0.002 },
    { path: ["a", "c"], moreCostMs: 61, moreDelayMs: 40, jitterMs: 9, loss: 0.06 },
  ],
};
const BACK: WayNow = { path: ["c", "a"], links: [5], delay: interval(16), loss: 0.02, candidates: [] };

export const PAIR: PairNow = { there: THERE, back: BACK };

export const CHANGES: readonly ChangeNow[] = [
  { atMs: NOW_MS - 1_000, kind: "failover", who: "b", text: "c -> b (b - c) is down" },
  { atMs: NOW_MS - 2_000, kind: "left", who: "b", text: "the agent of b is away" },
  { atMs: NOW_MS - 3_000, kind: "rollback", who: "bob<script>@desk", text: "an apply was rolled back" },
  {
    atMs: NOW_MS - 60_000,
    kind: "apply",
    who: "alice@laptop",
    text: "the network was applied",
    what: [
      { kind: "tunnels", added: 2, removed: 1, names: ["+a - c", "-a - d"] },
      { kind: "routes", changed: 5 },
      { kind: "firewall" },
    ],
  },
  { atMs: NOW_MS - 70_000, kind: "failover", who: "c", text: "a -> c (a - c) is up again" },
  { atMs: NOW_MS - 90_000, kind: "start", text: "the controller began on c" },
];

function pastWay(forMs: number, paths: PastWay["paths"]): PastWay {
  const [step, half] = [forMs / 200, NOW_MS - forMs / 2];
  return {
    paths,
    points: Array.from({ length: 200 }, (_, index) => {
      const atMs = NOW_MS - forMs + index * step;
      const path = atMs < half ? 0 : Math.min(1, paths.length - 1);
      const typicalMs = 30 + (path === 0 ? 40 : 0) + 4 * Math.sin(index / 9);
      const direct = { directMs: 70, directLoss: 0.06 };
      return { atMs, delay: interval(typicalMs), loss: path === 0 ? 0.06 : 0.002, path, ...direct };
    }),
    moves:
      paths.length < 2 ? [] : [{ atMs: half, reason: "gain", was: paths[0]!, is: paths[1]!, gainMs: 61 }],
    untold: 0,
    saved: paths.length < 2 ? {} : { delayMs: 38, loss: 0.041 },
    ...(paths.length === 2 && {
      carried: [
        { relay: "b", from: "a", to: "c", octets: 3.14e9 },
        { relay: "b", from: "a", to: "d", octets: 999, isShared: true },
      ],
    }),
  };
}

export const pastFor = (forMs: number): PairPast => ({
  fromMs: NOW_MS - forMs,
  toMs: NOW_MS,
  stepMs: forMs / 200,
  there: pastWay(forMs, [
    ["a", "c"],
    ["a", "b", "c"],
  ]),
  back: pastWay(forMs, [["c", "a"]]),
  exchanged: { octets: 61e9, relayed: 3.14e9 },
});

/** Whatever is supposed, it says the same. */
export const CANNED: Source = {
  network: () => NETWORK,
  pair: () => PAIR,
  past: (_from, _to, forMs) => pastFor(forMs),
  changes: () => CHANGES,
  suppose: () => ({
    pairs: [
      { from: "b", to: "c", was: ["b", "c"], is: [], reason: "failed", afterMs: 0 },
      {
        from: "a",
        to: "c",
        was: ["a", "b", "c"],
        is: ["a", "c"],
        reason: "failed",
        afterMs: 0,
        moreDelayMs: 40,
        wasLoss: 0.002,
        loss: 0.06,
      },
    ],
    untold: 0,
    isSettled: true,
  }),
};

/** So many nodes in a ring, each with tunnels to the next and to `step` further on. */
export function ringOf(nodes: number, steps: readonly number[]): NetworkNow {
  const names = Array.from({ length: nodes }, (_, node) => `n${node}`);
  const links = names.flatMap((from, node) =>
    steps.flatMap((step) => {
      const to = names[(node + step) % nodes]!;
      const tunnel = `${from} - ${to}`;
      return [link(tunnel, from, to), link(tunnel, to, from)];
    }),
  );
  return { ...NETWORK, nodes: names.map((name) => ({ name, isThere: true })), links };
}
