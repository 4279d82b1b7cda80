// A STAMP session-sender (RFC 8762, 4.2) without a socket: the time goes in and a packet comes out, answers go in.
import type { Answer, Probe } from "../core/measure/samples.ts";
import { isSealed, seal, type Key } from "./hmac.ts";
import { decodeReply, encodeRequest, type Mode } from "./packet.ts";
import { millisecondsOf, timestampOf } from "./timestamp.ts";

export interface SenderConfig {
  /** Session id: random, and new each time the sender starts. */
  readonly ssid: number;
  /** Absent: unauthenticated mode. */
  readonly key?: Key;
  readonly errorEstimate: number;
}

interface Sent {
  /** T1 as it went out. */
  readonly timestamp: bigint;
  answer?: { -readonly [Field in keyof Answer]: Answer[Field] };
}

const NOTHING = new Uint8Array();
/** An answer that left the reflector this long before another one did, and came after it, is of an earlier life. */
const TOO_LATE_MS = 5_000;

export class Sender {
  private readonly config: SenderConfig;
  private readonly mode: Mode;
  private readonly probes: Sent[] = [];
  private arrivals = 0;

  constructor(config: SenderConfig) {
    this.config = config;
    this.mode = config.key === undefined ? "open" : "authenticated";
  }

  get answered(): number {
    return this.arrivals;
  }

  /** The next request; `now` is T1, in ns. */
  next(now: bigint): Buffer {
    const { ssid, key, errorEstimate } = this.config;
    const timestamp = timestampOf(now);
    const sequence = this.probes.push({ timestamp }) - 1;
    const bytes = encodeRequest({ sequence, timestamp, errorEstimate, ssid, extensions: NOTHING }, this.mode);
    return key === undefined ? bytes : seal(bytes, key);
  }

  /** Takes an answer in; `now` is T4, in ns. False: it is none to a probe of this session. */
  receive(bytes: Buffer, now: bigint): boolean {
    const { ssid, key } = this.config;
    const reply = decodeReply(bytes, this.mode);
    if (reply === undefined || (key !== undefined && !isSealed(bytes, key))) return false;
    const probe = this.probes[reply.senderSequence];
    // A reflector that does not know of session ids sends 0 (RFC 8972, 3).
    if (reply.ssid !== ssid && reply.ssid !== 0) return false;
    if (probe === undefined || probe.timestamp !== reply.senderTimestamp) return false;
    if (probe.answer !== undefined) {
      probe.answer.duplicates += 1;
      return true;
    }
    probe.answer = {
      receivedMs: millisecondsOf(reply.receiveTimestamp),
      returnedMs: millisecondsOf(reply.timestamp),
      backMs: millisecondsOf(timestampOf(now)),
      reflectorSequence: reply.sequence,
      arrival: this.arrivals++,
      duplicates: 0,
    };
    return true;
  }

  /** All probes until now, by the reflector's lives. */
  sessions(): Probe[][] {
    return splitByLife(
      this.probes.map(({ timestamp, answer }) => ({
        sentMs: millisecondsOf(timestamp),
        ...(answer === undefined ? {} : { answer }),
      })),
    );
  }
}

/**
 * Cuts where the reflector restarted: from then on its numbers, and after a reboot its clock, have nothing to do with those
 * before. What was sent in between met nobody and tells nothing of the way, so it is left out; arrivals are counted anew.
 */
function splitByLife(probes: readonly Probe[]): Probe[][] {
  const lives: { first: number; last: number; seen: Set<number>; latest: Answer }[] = [];
  for (const [index, { answer }] of probes.entries()) {
    if (answer === undefined) continue;
    const life = lives.at(-1);
    if (life === undefined || isOfNextLife(answer, life)) {
      lives.push({
        first: life === undefined ? 0 : index,
        last: index,
        seen: new Set([answer.reflectorSequence]),
        latest: answer,
      });
      continue;
    }
    life.last = index;
    life.seen.add(answer.reflectorSequence);
    if (answer.reflectorSequence > life.latest.reflectorSequence) life.latest = answer;
  }
  if (lives.length <= 1) return [[...probes]];
  return lives.map(({ first, last }, index) => {
    const isLatest = index === lives.length - 1;
    return countedAnew(probes.slice(first, isLatest ? undefined : last + 1));
  });
}

/** In one life, the order of the reflector's numbers is the order of its times of sending. */
function isOfNextLife(
  answer: Answer,
  { seen, latest }: { readonly seen: ReadonlySet<number>; readonly latest: Answer },
): boolean {
  if (seen.has(answer.reflectorSequence)) return true;
  const laterMs = answer.returnedMs - latest.returnedMs;
  if (answer.reflectorSequence < latest.reflectorSequence) return laterMs > 0 || laterMs < -TOO_LATE_MS;
  return laterMs < 0;
}

function countedAnew(probes: readonly Probe[]): Probe[] {
  const order = probes
    .flatMap(({ answer }) => (answer === undefined ? [] : [answer]))
    .sort((a, b) => a.arrival - b.arrival);
  const arrivals = new Map(order.map((answer, index) => [answer, index]));
  return probes.map((probe) =>
    probe.answer === undefined
      ? probe
      : { ...probe, answer: { ...probe.answer, arrival: arrivals.get(probe.answer)! } },
  );
}
