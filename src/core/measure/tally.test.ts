// Losses told apart by direction, whatever else happens to packets.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  randomNumbers,
  simulate,
  type Run,
  type TrueLink,
  type TrueTunnel,
} from "../../../test/support/measured-network.ts";
import { addTallies, tally } from "./tally.ts";

const CLOCKS = new Map([
  ["a", { offsetMs: 4000, drift: 50e-6 }],
  ["b", { offsetMs: -5000, drift: -50e-6 }],
]);
const COUNT = 1000;

const counted = (links: readonly [TrueLink, TrueLink], seed: number, run: Partial<Run> = {}) => {
  const tunnel: TrueTunnel = { ends: ["a", "b"], links };
  const simulated = simulate(tunnel, CLOCKS, { probes: COUNT, intervalMs: 20, ...run }, randomNumbers(seed));
  const tallies = simulated.sessions.map(tally);
  return {
    ...simulated,
    there: tallies.map(({ there }) => there).reduce(addTallies),
    back: tallies.map(({ back }) => back).reduce(addTallies),
    undecided: tallies.reduce((sum, { undecided }) => sum + undecided, 0),
  };
};

const share = fc.constantFrom(0, 0.01, 0.05, 0.3);
const link = fc.record({
  delayMs: fc.integer({ min: 0, max: 100 }),
  jitterMs: fc.constantFrom(0, 0, 30),
  loss: share,
  doubled: fc.constantFrom(0, 0.1),
});

describe("losses", () => {
  it("are those of their own direction, with reordering, copies and lost answers", () => {
    fc.assert(
      fc.property(link, link, fc.nat(), (there, back, seed) => {
        const found = counted([there, back], seed);
        const answered = found.there.seen;
        expect(found.there.lost + found.back.lost + answered + found.undecided).toBe(COUNT);
        // Reordering of 30 ms may blur the end by as many probes as are sent in it.
        const blur = found.undecided + 4;
        expect(Math.abs(found.there.lost - found.lost[0])).toBeLessThanOrEqual(blur);
        expect(Math.abs(found.back.lost - found.lost[1])).toBeLessThanOrEqual(blur);
      }),
      { numRuns: 200 },
    );
  });

  it("are exact in order and without copies, but for what follows the last answer", () => {
    fc.assert(
      fc.property(share, share, fc.nat(), (lossThere, lossBack, seed) => {
        const found = counted(
          [
            { delayMs: 5, loss: lossThere },
            { delayMs: 5, loss: lossBack },
          ],
          seed,
        );
        expect(found.lost[0] + found.lost[1]).toBe(found.there.lost + found.back.lost + found.undecided);
        for (const [truth, told] of [
          [found.lost[0], found.there.lost],
          [found.lost[1], found.back.lost],
        ] as const) {
          expect(told).toBeLessThanOrEqual(truth);
          expect(told).toBeGreaterThanOrEqual(truth - found.undecided);
        }
        expect(found.there.reordered + found.back.reordered + found.back.doubled).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it("are told apart as well when the other end sends the probes", () => {
    const found = counted([{ delayMs: 5, loss: 0.1 }, { delayMs: 5 }], 4, { sender: 1 });
    expect(found.there.lost).toBe(0);
    expect(found.back.lost / found.back.sent).toBeGreaterThan(0.06);
  });

  it.each([
    ["the reflector", [{ before: 400 }]],
    ["the reflector, twice", [{ before: 400 }, { before: 410 }]],
    ["its machine", [{ before: 400, clock: { offsetMs: 77, drift: 0 } }]],
  ])("are not made up when %s starts again", (_, restarts) => {
    const quiet = { delayMs: 10, jitterMs: 8 };
    const clean = counted([quiet, quiet], 5, { restarts });
    expect(clean.there.lost + clean.back.lost).toBeLessThanOrEqual(2 * restarts.length);
    expect(clean.undecided).toBeLessThanOrEqual(2 * restarts.length);
    const lossy = counted([{ ...quiet, loss: 0.1 }, quiet], 6, { restarts });
    expect(Math.abs(lossy.there.lost - lossy.lost[0])).toBeLessThanOrEqual(5 * restarts.length);
    expect(lossy.back.lost).toBeLessThanOrEqual(2 * restarts.length);
  });

  it("are nobody's when nothing comes back, or nothing any more", () => {
    const dead = counted([{ delayMs: 5, loss: 1 }, { delayMs: 5 }], 7);
    expect(dead).toMatchObject({ undecided: COUNT, there: { sent: 0, lost: 0 }, back: { sent: 0 } });
    const [session] = counted([{ delayMs: 5 }, { delayMs: 5 }], 7).sessions;
    const probes = session!.probes.map((probe, sequence) =>
      sequence < 700 ? probe : { sentMs: probe.sentMs },
    );
    expect(tally({ ...session!, probes })).toMatchObject({ undecided: 300, there: { sent: 700, lost: 0 } });
  });
});

it("counts from the first answer where a reflector did not begin at 0", () => {
  const numbers = [7, undefined, 8, 9, undefined];
  const probes = numbers.map((reflectorSequence, sequence) => ({
    sentMs: 20 * sequence,
    ...(reflectorSequence !== undefined && {
      answer: {
        receivedMs: 20 * sequence,
        returnedMs: 20 * sequence,
        backMs: 20 * sequence + 10,
        reflectorSequence,
        arrival: reflectorSequence,
        duplicates: 0,
      },
    }),
  }));
  // Numbers 7 to 9 are three packets, and four were sent from the first answered probe to the last.
  expect(tally({ tunnel: "a - b", sender: "a", reflector: "b", probes })).toMatchObject({
    there: { sent: 4, lost: 1 },
    back: { sent: 3, lost: 0 },
    undecided: 1,
  });
});

describe("reordering and copies", () => {
  it("are seen in their own direction only", () => {
    const calm = { delayMs: 10 };
    const shuffled = counted([{ delayMs: 50, jitterMs: 40 }, calm], 8);
    expect(shuffled.there.reordered).toBeGreaterThan(100);
    expect(shuffled).toMatchObject({ back: { reordered: 0, lost: 0 }, there: { doubled: 0 } });
    const mirrored = counted([calm, { delayMs: 50, jitterMs: 40 }], 8);
    expect(mirrored.back.reordered).toBeGreaterThan(100);
    expect(mirrored).toMatchObject({ there: { reordered: 0, lost: 0 }, back: { lost: 0 } });
    const copied = counted([{ ...calm, doubled: 0.1 }, calm], 9);
    expect(copied).toMatchObject({ there: { lost: 0 }, back: { lost: 0, doubled: 0 }, undecided: 0 });
    const echoed = counted([calm, { ...calm, doubled: 0.1 }], 9);
    expect(echoed.back.doubled).toBeGreaterThan(60);
    expect(echoed).toMatchObject({ there: { lost: 0, doubled: 0 }, back: { lost: 0 } });
  });

  it("counts as RFC 4737 does in its example of a packet that came late", () => {
    // Appendix B of the RFC has 1 2 3 4 5 6 7 8 arrive as 1 2 3 5 6 7 4 8: one is reordered.
    const order = [0, 1, 2, 6, 3, 4, 5, 7];
    const probes = order.map((reflectorSequence, sequence) => ({
      sentMs: sequence,
      answer: {
        receivedMs: 10 + reflectorSequence,
        returnedMs: 10 + reflectorSequence,
        backMs: 20 + reflectorSequence,
        reflectorSequence,
        arrival: reflectorSequence,
        duplicates: 0,
      },
    }));
    const found = tally({ tunnel: "a - b", sender: "a", reflector: "b", probes });
    expect(found).toMatchObject({ there: { reordered: 1, seen: 8, lost: 0 }, back: { reordered: 0 } });
  });
});
