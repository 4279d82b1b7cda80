// TLVs against bytes laid out by hand from RFC 8972, and what a reflector makes of them.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeTlvs, encodeTlvs, hmacTlv, isAuthentic, reflectExtensions, type Answering } from "./tlv.ts";

const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
const bytes = (...lines: readonly string[]): Buffer => Buffer.from(lines.join("").replaceAll(" ", ""), "hex");

const OPEN: Answering = {
  key: undefined,
  sequence: 0x11121314,
  received: 9,
  sent: 8,
  lastSent: { sequence: 0x11121313, at: 1_500_000_000n },
};
const reflected = (extensions: Buffer, answering = OPEN): string =>
  Buffer.from(reflectExtensions({ sequence: 0x01020304, extensions }, answering)).toString("hex");
const hex = (...lines: readonly string[]): string => bytes(...lines).toString("hex");

describe("TLVs", () => {
  it("are read one behind the other, and what is cut off is left", () => {
    const { tlvs, rest } = decodeTlvs(bytes("80 01 0004 ffffffff", "80 05 000c 00000007"));
    expect(tlvs).toEqual([{ flags: 0x80, type: 1, value: bytes("ffffffff") }]);
    expect(Buffer.from(rest)).toEqual(bytes("80 05 000c 00000007"));
  });

  it("are read as they were written, and random bytes are read without reading beyond", () => {
    const tlv = fc.record({
      flags: fc.integer({ min: 0, max: 255 }),
      type: fc.integer({ min: 0, max: 255 }),
      value: fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each)),
    });
    fc.assert(
      fc.property(fc.array(tlv, { maxLength: 8 }), fc.uint8Array({ maxLength: 3 }), (tlvs, rest) => {
        const all = Buffer.concat([encodeTlvs(tlvs), rest]);
        expect(decodeTlvs(all)).toEqual({ tlvs, rest: Buffer.from(rest) });
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
        const { tlvs, rest } = decodeTlvs(random);
        expect(Buffer.concat([encodeTlvs(tlvs), rest])).toEqual(Buffer.from(random));
      }),
    );
  });
});

describe("a reflector", () => {
  it("sends padding back, so that both packets are equally long", () => {
    expect(reflected(bytes("80 01 0004 a1a2a3a4"))).toBe(hex("00 01 0004 a1a2a3a4"));
  });

  it("adds its counts to direct measurement (4.5)", () => {
    // The sender's count, what the reflector received, what it sent.
    expect(reflected(bytes("80 05 000c 00000007 00000000 00000000"))).toBe(
      hex("00 05 000c 00000007 00000009 00000008"),
    );
  });

  it("tells in follow-up telemetry when the previous answer really left (4.7)", () => {
    expect(reflected(bytes("80 07 0010", "00".repeat(16)))).toBe(
      hex("00 07 0010", "11121313", "00000001 80000000", "02 000000"),
    );
  });

  it("flags what it does not understand, and what is malformed", () => {
    expect(reflected(bytes("80 63 0002 abcd"))).toBe(hex("80 63 0002 abcd"));
    expect(reflected(bytes("80 05 0002 abcd"))).toBe(hex("40 05 0002 abcd"));
    expect(reflected(bytes("80 01 00ff abcd"))).toBe(hex("40 01 00ff abcd"));
    expect(reflected(bytes("80 01"))).toBe(hex("80 01"));
  });

  it("answers as many octets as it was asked with, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (random, keyed) => {
        const answering = { ...OPEN, key: keyed ? KEY : undefined };
        const { length } = reflectExtensions({ sequence: 1, extensions: Buffer.from(random) }, answering);
        expect(length).toBe(random.length);
      }),
    );
  });
});

describe("the HMAC TLV (4.8)", () => {
  const before = [{ flags: 0x80, type: 5, value: bytes("00000007 00000000 00000000") }];
  const answering = { ...OPEN, key: KEY };

  it("is HMAC-SHA-256, cut to 128 bits, over the sequence number and all TLVs before it", () => {
    // By Python's hmac and hashlib.
    const { value } = hmacTlv(KEY, 0x01020304, before, 0x80);
    expect(Buffer.from(value).toString("hex")).toBe("2cd69a4fab0ca62d803a4971096188bb");
  });

  it("is looked at, and made anew for the answer", () => {
    const asked = encodeTlvs([...before, hmacTlv(KEY, 0x01020304, before, 0x80)]);
    const { tlvs } = decodeTlvs(bytes(reflected(asked, answering)));
    expect(tlvs.map(({ flags, type }) => [flags, type])).toEqual([
      [0, 5],
      [0, 8],
    ]);
    expect(isAuthentic(KEY, OPEN.sequence, tlvs)).toBe(true);
  });

  it("flags every TLV when it does not fit, is missing, or stands before others than padding", () => {
    const good = hmacTlv(KEY, 0x01020304, before, 0x80);
    const other = hmacTlv(KEY, 0x01020305, before, 0x80);
    const padding = { flags: 0x80, type: 1, value: bytes("00000000") };
    const wrong = [[...before, other], before, [...before, good, ...before], [padding, padding]];
    for (const tlvs of wrong) {
      const answer = decodeTlvs(bytes(reflected(encodeTlvs(tlvs), answering))).tlvs;
      expect(answer).toEqual(tlvs.map((tlv) => ({ ...tlv, flags: 0x20 })));
    }
    expect(isAuthentic(KEY, 0x01020304, [...before, good, padding])).toBe(true);
    expect(isAuthentic(KEY, 0x01020304, [padding])).toBe(true);
  });
});
