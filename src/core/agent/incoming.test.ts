import { describe, expect, it } from "vitest";
import { patienceMs } from "./detector.ts";
import { Incoming, type Condition } from "./incoming.ts";

const OPTIONS = { intervalMs: 50, holdMs: 10_000 };

/** A link heard as `arrives` says, from `fromMs` on; returns the changes with their times. */
function play(
  incoming: Incoming,
  fromMs: number,
  toMs: number,
  arrives: (sequence: number, sentMs: number) => number | undefined,
  life = 7,
): [number, Condition][] {
  const changes: [number, Condition][] = [];
  const events: { atMs: number; sequence: number; sentMs: number }[] = [];
  for (let sentMs = fromMs; sentMs < toMs; sentMs += OPTIONS.intervalMs) {
    const sequence = sentMs / OPTIONS.intervalMs;
    const delayMs = arrives(sequence, sentMs);
    if (delayMs !== undefined) events.push({ atMs: sentMs + delayMs, sequence, sentMs });
  }
  events.sort((a, b) => a.atMs - b.atMs);
  for (let nowMs = fromMs; nowMs < toMs; nowMs += 10) {
    while (events[0] !== undefined && events[0].atMs <= nowMs) {
      const { sequence, sentMs, atMs } = events.shift()!;
      incoming.hear({ life, sequence, sentMs: sentMs + 1e6, heardMs: atMs });
    }
    const changed = incoming.tick(nowMs);
    if (changed !== undefined) changes.push([nowMs, changed]);
  }
  return changes;
}

/** 0 to 1, the same every time. */
const noise = (n: number): number => {
  const x = Math.sin(n * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
};

describe("an incoming link", () => {
  it("is up at the first packet, and down soon after the last", () => {
    const incoming = new Incoming(OPTIONS, 0);
    const changes = play(incoming, 0, 20_000, (_, sentMs) => (sentMs < 10_000 ? 20 : undefined));
    expect(changes.map(([, condition]) => condition)).toEqual(["up", "down"]);
    const [, [downMs]] = changes as [unknown, [number, unknown]];
    // The last packet arrived at 9,970 ms.
    expect(downMs - 10_000).toBeGreaterThan(50);
    expect(downMs - 10_000).toBeLessThanOrEqual(180);
  });

  it("of which nothing is ever heard is down after a while, and up at once when it is", () => {
    const incoming = new Incoming(OPTIONS, 0);
    const changes = play(incoming, 0, 9_000, (_, sentMs) => (sentMs > 7_000 ? 20 : undefined));
    expect(changes.map(([, condition]) => condition)).toEqual(["down", "up"]);
    expect(changes[0]![0]).toBeGreaterThan(4_000);
  });

  it.each([0.01, 0.05, 0.1, 0.3])("that loses a share of %d is not down", (loss) => {
    const incoming = new Incoming(OPTIONS, 0);
    const changes = play(incoming, 0, 300_000, (sequence) => (noise(sequence) < loss ? undefined : 40));
    expect(changes.map(([, condition]) => condition)).toEqual(["up"]);
  });

  it("that loses much is down later than one that loses nothing, and within a second", () => {
    const after = (loss: number): number => {
      const incoming = new Incoming(OPTIONS, 0);
      const changes = play(incoming, 0, 63_000, (sequence, sentMs) =>
        sentMs >= 60_000 || noise(sequence) < loss ? undefined : 40,
      );
      return changes.at(-1)![0] - 60_000;
    };
    expect(after(0.3)).toBeGreaterThan(after(0));
    expect(after(0.3)).toBeLessThan(1_000);
  });

  it("with jitter is not down for a packet that comes late", () => {
    const incoming = new Incoming(OPTIONS, 0);
    const changes = play(incoming, 0, 120_000, (sequence) => 60 + 120 * noise(sequence));
    expect(changes.map(([, condition]) => condition)).toEqual(["up"]);
  });

  it("comes back only after it was heard well, and later with each relapse", () => {
    const incoming = new Incoming(OPTIONS, 0);
    const changes = play(incoming, 0, 120_000, (_, sentMs) => {
      const dead = (sentMs >= 10_000 && sentMs < 12_000) || (sentMs >= 30_000 && sentMs < 31_000);
      return dead ? undefined : 20;
    });
    expect(changes.map(([, condition]) => condition)).toEqual(["up", "down", "up", "down", "up"]);
    const times = changes.map(([atMs]) => atMs);
    expect(times[2]! - 12_000).toBeGreaterThanOrEqual(10_000);
    expect(times[2]! - 12_000).toBeLessThan(10_200);
    expect(times[4]! - 31_000).toBeGreaterThanOrEqual(20_000);
    expect(times[4]! - 31_000).toBeLessThan(20_200);
  });

  it("says how long it has been up, down, or heard again and not used yet", () => {
    const incoming = new Incoming(OPTIONS, 0);
    const standing = (fromMs: number, toMs: number, isAlive: boolean) => {
      play(incoming, fromMs, toMs, () => (isAlive ? 0 : undefined));
      return incoming.standing(toMs);
    };
    expect(incoming.standing(1_000)).toEqual({ condition: "unheard", forMs: 1_000 });
    expect(standing(1_000, 10_000, true)).toEqual({ condition: "up", forMs: 9_000 });
    const down = standing(10_000, 20_000, false);
    expect(down.condition).toBe("down");
    expect(down.forMs).toBeGreaterThan(9_000);
    expect(standing(20_000, 24_000, true)).toEqual({ condition: "held", forMs: 4_000 });
    // A relapse before it counted: down all the time.
    expect(standing(24_000, 28_000, false)).toEqual({ condition: "down", forMs: down.forMs + 8_000 });
    expect(standing(28_000, 40_000, true)).toEqual({ condition: "up", forMs: 2_000 });
  });

  it("that is back is not held to have lost what an outage cost", () => {
    const incoming = new Incoming(OPTIONS, 0);
    play(incoming, 0, 40_000, (_, sentMs) => (sentMs >= 10_000 && sentMs < 25_000 ? undefined : 20));
    expect(incoming.condition).toBe("up");
    for (const { sent, lost } of incoming.figures(40_000)!.losses)
      expect([sent > 0, lost]).toEqual([true, 0]);
  });

  it("goes on when its sender starts anew, with figures of the new life only", () => {
    const incoming = new Incoming(OPTIONS, 0);
    play(incoming, 0, 10_000, () => 20, 7);
    const changes = play(incoming, 10_000, 12_000, () => 35, 8);
    expect(changes).toEqual([]);
    expect(incoming.figures(12_000)).toMatchObject({ life: 8, jitterMs: 0 });
    expect(incoming.figures(12_000)!.rawMs).toBeCloseTo(35 - 1e6, 6);
  });

  it("counts what was lost in its windows, and takes copies and reordering for what they are", () => {
    const incoming = new Incoming(OPTIONS, 0);
    const late = (sequence: number): number => (sequence % 7 === 0 ? 130 : 20);
    play(incoming, 0, 60_000, (sequence) => (sequence % 20 === 3 ? undefined : late(sequence)));
    for (let sequence = 1100; sequence < 1150; sequence++) {
      if (sequence % 20 !== 3) incoming.hear({ life: 7, sequence, sentMs: 1e6, heardMs: 59_999 });
    }
    const losses = incoming.figures(60_000)!.losses;
    for (const { sent, lost } of losses) expect(lost / sent).toBeCloseTo(0.05, 2);
  });

  it("that was down in an earlier life has to hold, too", () => {
    const incoming = new Incoming(OPTIONS, 0, "down");
    const changes = play(incoming, 0, 12_000, () => 20);
    expect(changes.map(([, condition]) => condition)).toEqual(["up"]);
    expect(changes[0]![0]).toBeGreaterThanOrEqual(10_000);
  });
});

describe("suspicion", () => {
  it("needs three packets in a row at least", () => {
    // And 25 ms, as none is taken to be less late now and then.
    expect(patienceMs({ intervalMs: 50, loss: 0, latenessMs: 0 })).toBe(175);
  });
});
