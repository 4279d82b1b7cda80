import fc from "fast-check";
import { expect, it } from "vitest";
import { linkCostMs } from "../measure/cost.ts";
import { LinkTable } from "./link-table.ts";

/** Two nodes and a tunnel: link 0 is a's, link 1 is b's. */
const links = {
  names: ["a", "b"],
  tunnels: ["a - b"],
  senders: Int32Array.of(0, 1),
  receivers: Int32Array.of(1, 0),
  outgoing: [[0], [1]],
  incoming: [[1], [0]],
};
const LOSS_WEIGHT_MS = 500;

const lives = fc.record({ kind: fc.constant("joined" as const), node: fc.nat(1), life: fc.nat(2) });
const reports = fc.record({
  kind: fc.constant("report" as const),
  node: fc.nat(1),
  link: fc.nat(1),
  life: fc.nat(2),
  rawMs: fc.integer({ min: -99, max: 99 }),
});
const waits = fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(3000) });

it("keeps costs that are those of what is known of each link, in whatever order things are heard", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(lives, reports, waits), { maxLength: 40 }), fc.nat(1), (events, dead) => {
      const table = new LinkTable(links, LOSS_WEIGHT_MS);
      let nowMs = 0;
      for (const event of events) {
        if (event.kind === "wait") nowMs += event.ms;
        else if (event.kind === "joined") table.joined(event.node, event.life);
        else {
          const { node, link, life, rawMs } = event;
          table.report(
            node,
            [
              {
                link,
                life,
                samples: 80,
                rawMs,
                boundMs: rawMs,
                jitterMs: 1,
                losses: [{ windowMs: 2000, sent: 100, lost: 20 }],
              },
            ],
            nowMs,
          );
        }
        const expected = links.names.map((_, link) => {
          const quality = table.quality(link, nowMs);
          return link === dead ? Infinity : quality === undefined ? NaN : linkCostMs(quality, LOSS_WEIGHT_MS);
        });
        expect([...table.costs(new Set([dead]), nowMs)]).toEqual(expected);
      }
    }),
  );
});
