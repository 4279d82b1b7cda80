// The session-reflector: whom it answers, with what, and what it keeps of those it does not.
import { describe, expect, it } from "vitest";
import { seal } from "./hmac.ts";
import { decodeReply, encodeRequest, type Reply, type Request } from "./packet.ts";
import { Reflector, type ReflectorPeer } from "./reflector.ts";
import { timestampOf, USER_STAMPS } from "./timestamp.ts";

const KEY = Buffer.alloc(32, 5);
const PEER: ReflectorPeer = { address: "192.0.2.1", port: 61_001, ssids: [7], key: KEY, rateLimit: 1e6 };
const FROM = { address: "192.0.2.1", port: 61_001 };
const NONE = Buffer.alloc(0);

const request = (sequence: number, over: Partial<Request> = {}): Request => ({
  sequence,
  timestamp: timestampOf(BigInt(sequence) * 50_000_000n),
  errorEstimate: USER_STAMPS,
  ssid: 7,
  extensions: NONE,
  ...over,
});
const sealed = (sequence: number, over: Partial<Request> = {}): Buffer =>
  seal(encodeRequest(request(sequence, over), "authenticated"), KEY);
const open = (sequence: number, over: Partial<Request> = {}): Buffer =>
  encodeRequest(request(sequence, over), "open");

/** The answer, if there is one; T3 is 1 ms after T2. */
function ask(reflector: Reflector, bytes: Buffer, from = FROM, at = 1_000_000_000n): Buffer | undefined {
  const accepted = reflector.accept(bytes, from, at);
  return accepted && reflector.answer(accepted, at + 1_000_000n);
}
const read = (answer: Buffer | undefined, mode: "open" | "authenticated"): Reply | undefined =>
  answer && decodeReply(answer, mode);

describe("a configured peer", () => {
  it("gets its own numbers and times back, and the reflector's", () => {
    const reflector = new Reflector([PEER], USER_STAMPS);
    ask(reflector, sealed(0));
    // The second one got lost on its way.
    expect(read(ask(reflector, sealed(2), FROM, 2_000_000_000n), "authenticated")).toEqual({
      sequence: 1,
      timestamp: timestampOf(2_001_000_000n),
      errorEstimate: USER_STAMPS,
      ssid: 7,
      receiveTimestamp: timestampOf(2_000_000_000n),
      senderSequence: 2,
      senderTimestamp: timestampOf(100_000_000n),
      senderErrorEstimate: USER_STAMPS,
      senderTtl: 255,
      extensions: NONE,
    });
  });

  it("is answered once a packet, and late ones too", () => {
    const reflector = new Reflector([PEER], USER_STAMPS);
    const answers = [0, 2, 2, 1, 0, 3].map(
      (sequence) => read(ask(reflector, sealed(sequence)), "authenticated")?.sequence,
    );
    expect(answers).toEqual([0, 1, undefined, 2, undefined, 3]);
    expect(reflector.counts()[0]).toMatchObject({ received: 6, answered: 4, replayed: 2 });
  });

  it("begins anew with another session id", () => {
    const reflector = new Reflector([{ ...PEER, ssids: [7, 8] }], USER_STAMPS);
    for (const sequence of [0, 1, 2]) ask(reflector, sealed(sequence));
    expect(read(ask(reflector, sealed(0, { ssid: 8 })), "authenticated")?.sequence).toBe(0);
  });

  it("may send only so much a second, and then is answered again", () => {
    const reflector = new Reflector([{ ...PEER, rateLimit: 10 }], USER_STAMPS);
    const burst = Array.from({ length: 100 }, (_, sequence) => ask(reflector, sealed(sequence)));
    expect(burst.filter((each) => each !== undefined).length).toBe(10);
    expect(ask(reflector, sealed(100), FROM, 1_050_000_000n)).toBe(undefined);
    expect(ask(reflector, sealed(101), FROM, 1_200_000_000n)).toBeDefined();
  });
});

describe("nobody else", () => {
  const strangers: Record<string, [Buffer, typeof FROM]> = {
    "another address": [sealed(0), { ...FROM, address: "192.0.2.2" }],
    "another port": [sealed(0), { ...FROM, port: 61_002 }],
    "another session": [sealed(0, { ssid: 9 }), FROM],
    "another key": [seal(encodeRequest(request(0), "authenticated"), Buffer.alloc(32, 6)), FROM],
    "no key": [open(0, { extensions: Buffer.alloc(68) }), FROM],
    "a packet too short": [sealed(0).subarray(0, 111), FROM],
    nothing: [NONE, FROM],
  };

  it.each(Object.keys(strangers))("gets an answer: %s", (who) => {
    const reflector = new Reflector([PEER], USER_STAMPS);
    expect(ask(reflector, ...strangers[who]!)).toBe(undefined);
  });
});

describe("sessions", () => {
  it("are kept four a peer, the longest unused going first", () => {
    const anyone = { address: "192.0.2.1", rateLimit: 1e9 };
    const reflector = new Reflector([anyone], USER_STAMPS);
    const next = (ssid: number): number | undefined =>
      read(ask(reflector, open(1, { ssid, sequence: count++ })), "open")?.sequence;
    let count = 0;
    for (const ssid of [1, 2, 3, 4, 1, 5]) next(ssid);
    expect([next(1), next(2)]).toEqual([2, 0]);
  });
});

describe("TWAMP light", () => {
  const light: ReflectorPeer = { address: "192.0.2.1", rateLimit: 1e6, twampLight: true };
  const twamp = (sequence: number, size: number): Buffer => {
    // RFC 5357, 4.1.2: sequence number, timestamp, error estimate, padding.
    const bytes = Buffer.alloc(size, 0xaa);
    bytes.writeUInt32BE(sequence, 0);
    return bytes;
  };
  const ssid0 = (bytes: Buffer): Buffer => {
    bytes.writeUInt16BE(0, 14);
    return bytes;
  };

  it("is served only where it is configured, and never with more than it sent", () => {
    const off = new Reflector([{ ...light, twampLight: false }], USER_STAMPS);
    const on = new Reflector([light], USER_STAMPS);
    for (const size of [14, 40, 41, 43]) {
      expect(ask(off, ssid0(twamp(0, Math.max(size, 16))).subarray(0, size))).toBe(undefined);
      const answer = ask(on, ssid0(twamp(0, Math.max(size, 16))).subarray(0, size));
      expect(answer?.length).toBe(size < 41 ? undefined : size);
    }
    const padded = ask(on, ssid0(twamp(1, 100)))!;
    expect(padded.length).toBe(100);
    expect(padded.subarray(44)).toEqual(Buffer.alloc(56, 0xaa));
  });

  it("starts its numbers anew when the sender does", () => {
    const reflector = new Reflector([light], USER_STAMPS);
    const answers = [0, 1, 2, 0, 1].map(
      (sequence) => read(ask(reflector, ssid0(twamp(sequence, 44))), "open")?.sequence,
    );
    expect(answers).toEqual([0, 1, 2, 0, 1]);
  });
});
