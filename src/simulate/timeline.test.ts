import fc from "fast-check";
import { expect, it } from "vitest";
import { Timeline } from "./timeline.ts";

/** Soon, in the same ms, much later; what comes of it in its turn. */
const delays = fc.oneof(
  fc.double({ min: 0, max: 3, noNaN: true }),
  fc.nat(40),
  fc.nat(5_000),
  fc.constant(-1),
);
const events = fc.array(fc.tuple(delays, fc.array(delays, { maxLength: 3 })), { maxLength: 40 });

it("runs all that is due, in the order of when, and of equals in the order in which it was said", () => {
  fc.assert(
    fc.property(events, fc.array(fc.double({ min: 0, max: 2_000, noNaN: true })), (first, stops) => {
      const timeline = new Timeline();
      const [said, ran]: { atMs: number; order: number }[][] = [[], []];
      const say = (ms: number, next: readonly number[]): void => {
        const event = { atMs: timeline.nowMs + Math.max(0, ms), order: said!.length };
        said!.push(event);
        timeline.after(ms, () => {
          expect(timeline.nowMs).toBe(event.atMs);
          ran!.push(event);
          for (const each of next) say(each, []);
        });
      };
      for (const [ms, next] of first) say(ms, next);
      for (const ms of [...stops, 20_000]) {
        timeline.runUntil(timeline.nowMs + ms);
        expect(ran!.length).toBe(said!.filter(({ atMs }) => atMs <= timeline.nowMs).length);
      }
      expect(ran).toEqual(said!.toSorted((x, y) => x.atMs - y.atMs || x.order - y.order));
    }),
  );
});
