// The session-sender: what it takes for an answer, and how it tells that the reflector is not the one it was.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Probe } from "../core/measure/samples.ts";
import { Reflector } from "./reflector.ts";
import { Sender } from "./sender.ts";
import { USER_STAMPS } from "./timestamp.ts";

const KEY = Buffer.alloc(32, 5);
const SSID = 7;
const FROM = { address: "192.0.2.1", port: 61_001 };
const MS = 1_000_000n;

const newSender = (): Sender => new Sender({ ssid: SSID, key: KEY, errorEstimate: USER_STAMPS });
const newReflector = (): Reflector =>
  new Reflector([{ ...FROM, ssids: [SSID], key: KEY, rateLimit: 1e9 }], USER_STAMPS);

/** The answer that this request gets at this time of the reflector's clock. */
function answerTo(reflector: Reflector, bytes: Buffer, atMs: number): Buffer {
  const at = BigInt(Math.round(atMs * 1e6));
  return reflector.answer(reflector.accept(bytes, FROM, at)!, at + MS / 2n);
}

describe("answers", () => {
  it("have four times, on two clocks", () => {
    const [sender, reflector] = [newSender(), newReflector()];
    const answer = answerTo(reflector, sender.next(1000n * MS), 90_000);
    expect(sender.receive(answer, 1030n * MS)).toBe(true);
    const [[probe] = []] = sender.sessions();
    expect(probe?.sentMs).toBeCloseTo(1000, 3);
    expect(probe?.answer?.receivedMs).toBeCloseTo(90_000, 3);
    expect(probe?.answer?.returnedMs).toBeCloseTo(90_000.5, 3);
    expect(probe?.answer?.backMs).toBeCloseTo(1030, 3);
  });

  it("count by their order of arrival, once each", () => {
    const [sender, reflector] = [newSender(), newReflector()];
    const requests = [0, 1, 2, 3].map((index) => sender.next(BigInt(index) * 50n * MS));
    const answers = [requests[1]!, requests[0]!, requests[3]!].map((each, index) =>
      answerTo(reflector, each, 1000 + index),
    );
    for (const index of [0, 2, 1, 2, 2]) sender.receive(answers[index]!, 300n * MS);
    expect(sender.answered).toBe(3);
    const [probes = []] = sender.sessions();
    expect(
      probes.map(({ answer }) => answer && [answer.reflectorSequence, answer.arrival, answer.duplicates]),
    ).toEqual([[1, 2, 0], [0, 0, 0], undefined, [2, 1, 2]]);
  });

  it("are none when they are of another session, another key, another start, or nothing at all", () => {
    const [sender, reflector] = [newSender(), newReflector()];
    const good = answerTo(reflector, sender.next(1000n * MS), 5000);
    const later = newSender();
    later.next(1001n * MS);
    const others = [
      later,
      new Sender({ ssid: 8, key: KEY, errorEstimate: USER_STAMPS }),
      new Sender({ ssid: SSID, key: Buffer.alloc(32), errorEstimate: USER_STAMPS }),
    ];
    for (const each of others.slice(1)) each.next(1000n * MS);
    for (const each of others) expect(each.receive(good, 1030n * MS)).toBe(false);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
        expect(sender.receive(Buffer.from(random), 1030n * MS)).toBe(false);
      }),
    );
    for (let bit = 0; bit < good.length * 8; bit++) {
      const changed = Buffer.from(good);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(sender.receive(changed, 1030n * MS)).toBe(false);
    }
    expect(sender.receive(good, 1030n * MS)).toBe(true);
  });
});

/** Sends a probe each 50 ms; at each a life of the reflector with its clock, or nobody to answer. */
function probed(lives: readonly ({ readonly clockMs: number } | undefined)[]): Probe[][] {
  const sender = newSender();
  let reflector = newReflector();
  let current = lives.find((life) => life !== undefined);
  for (const [index, life] of lives.entries()) {
    const request = sender.next(BigInt(index) * 50n * MS);
    if (life === undefined) continue;
    if (life !== current) reflector = newReflector();
    current = life;
    sender.receive(
      answerTo(reflector, request, life.clockMs + index * 50 + 10),
      BigInt(index * 50 + 20) * MS,
    );
  }
  return sender.sessions();
}

describe("a reflector that restarts", () => {
  const first = { clockMs: 1_000_000 };
  const later = { clockMs: 1_000_000 };
  const rebooted = { clockMs: 100 };
  const ahead = { clockMs: 9_000_000 };

  it.each([
    ["with its clock going on", later],
    ["with its clock back at zero", rebooted],
    ["with its clock ahead", ahead],
  ])("is another session: %s", (_, second) => {
    const times = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);
    const sessions = probed([...times(30, first), ...times(10, undefined), ...times(20, second)]);
    expect(sessions.map(({ length }) => length)).toEqual([30, 20]);
    for (const probes of sessions) {
      expect(probes.map(({ answer }) => answer?.arrival)).toEqual(probes.map((_probe, index) => index));
      expect(probes.map(({ answer }) => answer?.reflectorSequence)).toEqual(
        probes.map((_probe, index) => index),
      );
    }
  });

  it("is one that did not when packets were only lost or late", () => {
    expect(
      probed([first, undefined, first, first, undefined, undefined]).map(({ length }) => length),
    ).toEqual([6]);
    expect(probed([])).toEqual([[]]);
    fc.assert(
      fc.property(
        fc.array(fc.record({ lost: fc.boolean(), delayMs: fc.integer({ min: 0, max: 400 }) }), {
          maxLength: 60,
        }),
        (fates) => {
          const [sender, reflector] = [newSender(), newReflector()];
          const requests = fates.map((fate, index) => ({
            ...fate,
            bytes: sender.next(BigInt(index) * 50n * MS),
            atMs: index * 50 + fate.delayMs,
          }));
          const arrived = requests.filter(({ lost }) => !lost).sort((a, b) => a.atMs - b.atMs);
          for (const { bytes, atMs } of arrived) {
            sender.receive(answerTo(reflector, bytes, 70_000 + atMs), BigInt(atMs + 5) * MS);
          }
          expect(sender.sessions().map(({ length }) => length)).toEqual([fates.length]);
        },
      ),
    );
  });
});
