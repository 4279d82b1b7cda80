// Packets against bytes laid out by hand from the figures of RFC 8762, and against those of an independent codec.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BASE_SIZE,
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest,
  type Mode,
  type Reply,
  type Request,
} from "./packet.ts";

const bytes = (...lines: readonly string[]): Buffer => Buffer.from(lines.join("").replaceAll(" ", ""), "hex");
const NONE = Buffer.alloc(0);

const REQUEST: Request = {
  sequence: 0x01020304,
  timestamp: 0x83aa7e80_80000000n,
  errorEstimate: 0x1601,
  ssid: 0xbeef,
  extensions: NONE,
};
const REPLY: Reply = {
  sequence: 0x11121314,
  timestamp: 0x83aa7e81_40000000n,
  errorEstimate: 0x1601,
  ssid: 0xbeef,
  receiveTimestamp: 0x83aa7e81_20000000n,
  senderSequence: 0x01020304,
  senderTimestamp: 0x83aa7e80_80000000n,
  senderErrorEstimate: 0x1403,
  senderTtl: 0xfe,
  extensions: NONE,
};

// A line each 4 octets, as in the figures.
const OPEN_REQUEST = bytes(
  "01020304", // sequence number
  "83aa7e80",
  "80000000", // timestamp
  "1601 beef", // error estimate, SSID (RFC 8972, figure 1)
  "00000000".repeat(7), // MBZ (28 octets)
);
const OPEN_REPLY = bytes(
  "11121314", // sequence number
  "83aa7e81",
  "40000000", // timestamp
  "1601 beef", // error estimate, SSID
  "83aa7e81",
  "20000000", // receive timestamp
  "01020304", // session-sender sequence number
  "83aa7e80",
  "80000000", // session-sender timestamp
  "1403 0000", // session-sender error estimate, MBZ
  "fe 000000", // session-sender TTL, MBZ
);
const AUTHENTICATED_REQUEST = bytes(
  "01020304", // sequence number
  "00000000".repeat(3), // MBZ (12 octets)
  "83aa7e80",
  "80000000", // timestamp
  "1601 beef", // error estimate, SSID (RFC 8972, figure 2)
  "00000000".repeat(17), // MBZ (68 octets)
  "00000000".repeat(4), // HMAC (16 octets), not written yet
);
const AUTHENTICATED_REPLY = bytes(
  "11121314", // sequence number
  "00000000".repeat(3), // MBZ (12 octets)
  "83aa7e81",
  "40000000", // timestamp
  "1601 beef", // error estimate, SSID
  "00000000", // MBZ (4 octets)
  "83aa7e81",
  "20000000", // receive timestamp
  "00000000".repeat(2), // MBZ (8 octets)
  "01020304", // session-sender sequence number
  "00000000".repeat(3), // MBZ (12 octets)
  "83aa7e80",
  "80000000", // session-sender timestamp
  "1403 0000", // session-sender error estimate, MBZ
  "00000000", // MBZ (6 octets together)
  "fe 000000", // session-sender TTL
  "00000000".repeat(3), // MBZ (15 octets together)
  "00000000".repeat(4), // HMAC (16 octets), not written yet
);

describe.each<[Mode, Buffer, Buffer]>([
  ["open", OPEN_REQUEST, OPEN_REPLY],
  ["authenticated", AUTHENTICATED_REQUEST, AUTHENTICATED_REPLY],
])("%s mode", (mode, request, reply) => {
  it("is laid out as RFC 8762 draws it", () => {
    expect(encodeRequest(REQUEST, mode)).toEqual(request);
    expect(encodeReply(REPLY, mode)).toEqual(reply);
    expect(decodeRequest(request, mode)).toEqual(REQUEST);
    expect(decodeReply(reply, mode)).toEqual(REPLY);
  });

  it("keeps what follows the base packet", () => {
    const extensions = Buffer.from("80010004ffffffff", "hex");
    expect(encodeRequest({ ...REQUEST, extensions }, mode)).toEqual(Buffer.concat([request, extensions]));
    expect(decodeReply(Buffer.concat([reply, extensions]), mode)).toEqual({ ...REPLY, extensions });
  });

  it("reads nothing out of less than a base packet, and never beyond what is there", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (random) => {
        const packet = Buffer.from(random);
        for (const decoded of [decodeRequest(packet, mode), decodeReply(packet, mode)]) {
          expect(decoded === undefined).toBe(packet.length < BASE_SIZE[mode]);
          expect(decoded?.extensions.length ?? 0).toBe(Math.max(0, packet.length - BASE_SIZE[mode]));
        }
      }),
    );
  });

  it("reads what it wrote", () => {
    fc.assert(
      fc.property(anyReply, (any) => {
        expect(decodeReply(encodeReply(any, mode), mode)).toEqual(any);
        const { sequence, timestamp, errorEstimate, ssid, extensions } = any;
        const asked = { sequence, timestamp, errorEstimate, ssid, extensions };
        expect(decodeRequest(encodeRequest(asked, mode), mode)).toEqual(asked);
      }),
    );
  });
});

const word = fc.integer({ min: 0, max: 0xffff });
const long = fc.integer({ min: 0, max: 0xffffffff });
const stamp = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const anyReply: fc.Arbitrary<Reply> = fc.record({
  sequence: long,
  timestamp: stamp,
  errorEstimate: word,
  ssid: word,
  receiveTimestamp: stamp,
  senderSequence: long,
  senderTimestamp: stamp,
  senderErrorEstimate: word,
  senderTtl: fc.integer({ min: 0, max: 255 }),
  extensions: fc.uint8Array({ maxLength: 64 }).map((each) => Buffer.from(each)),
});

// Written by the `stamp` layer of Scapy 2.7.0, which knows the unauthenticated mode.
describe("Scapy's packets", () => {
  it("are read as Scapy meant them", () => {
    const request = bytes("0102030400000000000000001601beef", "00".repeat(28));
    expect(decodeRequest(request, "open")).toEqual({ ...REQUEST, timestamp: 0n });
    expect(encodeRequest({ ...REQUEST, timestamp: 0n }, "open")).toEqual(request);
    const reply = bytes(
      "1112131400000000000000001601beef",
      "000000000000000031323334000000000000000014030000fe000000",
    );
    const meant = {
      ...REPLY,
      senderSequence: 0x31323334,
      timestamp: 0n,
      receiveTimestamp: 0n,
      senderTimestamp: 0n,
    };
    expect(decodeReply(reply, "open")).toEqual(meant);
    expect(encodeReply(meant, "open")).toEqual(reply);
  });
});
