// How smoothly the page draws a network of 200 nodes and 2,000 links of which every figure changes every second, in Chromium.
import { setTimeout as sleep } from "node:timers/promises";
import type { LinkNow, NetworkNow, PairNow } from "../src/controller/wire.ts";
import { pageFiles } from "../src/web/page.ts";
import { serveWeb } from "../src/web/server.ts";
import { Browser } from "../test/support/browser.ts";
import { layout } from "../web/layout.ts";

const [NODES, TUNNELS, SECONDS] = [200, 1_000, 20];
const name = (node: number): string => `n${node}`;

/** A ring, so that all is connected, and tunnels across it that get longer. */
const tunnels = Array.from({ length: TUNNELS }, (_, index) => {
  const from = index % NODES;
  const turn = Math.floor(index / NODES);
  return [from, (from + 1 + turn * (7 + (from % 11))) % NODES] as const;
});

function network(second: number): NetworkNow {
  const links = tunnels.flatMap(([a, c], tunnel) =>
    [
      [a, c],
      [c, a],
    ].map(([from, to], end): LinkNow => {
      const typicalMs = 20 + 10 * Math.sin(second + tunnel + end);
      return {
        tunnel: `${tunnel}`,
        from: name(from!),
        to: name(to!),
        isDown: (tunnel + second) % 97 === 0,
        delay: { lowMs: typicalMs - 5, typicalMs, highMs: typicalMs + 5 },
        jitterMs: 1 + Math.sin(second * tunnel),
        loss: 0.02 * (1 + Math.sin(second + tunnel)),
      };
    }),
  );
  const nodes = Array.from({ length: NODES }, (_, node) => ({ name: name(node), isThere: true }));
  return { atMs: second * 1000, isSimulated: true, nodes, links, decisions: [] };
}

const way = (node: number) => ({ path: [name(node), name(node + 1)], links: [2 * node], candidates: [] });
const pair = (second: number): PairNow => ({ there: way(second % 50), back: way(50 + (second % 50)) });

const begun = performance.now();
layout(NODES, tunnels, { width: 800, height: 560, margin: 30 });
console.log(`layout of ${NODES} nodes, ${2 * TUNNELS} links: ${(performance.now() - begun).toFixed(0)} ms`);

let second = 0;
const nothing = () => undefined;
const source = {
  network: () => network(second++),
  pair: () => pair(second),
  past: nothing,
  changes: nothing,
  suppose: nothing,
};
const server = await serveWeb(await pageFiles(), source, 0);
const browser = await Browser.start();
try {
  await browser.size(1300, 900);
  await browser.open(server.url);
  await sleep(5_000);
  const frames = (await browser.ask(`new Promise((resolve) => {
    const frames = [];
    let last = performance.now();
    const frame = (now) => {
      frames.push(now - last);
      last = now;
      if (frames.reduce((sum, each) => sum + each, 0) < ${SECONDS * 1000}) requestAnimationFrame(frame);
      else resolve(frames);
    };
    requestAnimationFrame(frame);
  })`)) as number[];
  const sorted = frames.toSorted((x, y) => x - y);
  const share = (part: number): string =>
    `${sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!.toFixed(0)} ms`;
  const late = frames.filter((each) => each > 50).length;
  console.log(
    `frames in ${SECONDS} s: ${frames.length}; median ${share(0.5)}, 99 % within ${share(0.99)}, longest ${share(1)}; ${late} of over 50 ms`,
  );
} finally {
  await browser.stop();
  await server.stop();
}
