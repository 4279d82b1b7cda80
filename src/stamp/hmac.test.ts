import { describe, expect, it } from "vitest";
import { isSealed, seal, sessionKey } from "./hmac.ts";
import { encodeRequest } from "./packet.ts";

const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
const packet = (): Buffer =>
  encodeRequest(
    {
      sequence: 0x01020304,
      timestamp: 0x83aa7e80_80000000n,
      errorEstimate: 0x1601,
      ssid: 0xbeef,
      extensions: Buffer.from("80010004ffffffff", "hex"),
    },
    "authenticated",
  );

describe("authenticated packets", () => {
  it("carry the first half of HMAC-SHA-256 over their first 96 octets", () => {
    // By Python's hmac and hashlib.
    expect(seal(packet(), KEY).subarray(96, 112).toString("hex")).toBe("53c9b77ae5e9d9f5088197051a63c02e");
  });

  it("are known by their key, whatever follows them", () => {
    const sealed = seal(packet(), KEY);
    expect(isSealed(sealed, KEY)).toBe(true);
    sealed[113]! ^= 1;
    expect(isSealed(sealed, KEY)).toBe(true);
    expect(isSealed(sealed, Buffer.alloc(32, 7))).toBe(false);
  });

  it("are not theirs any more when any covered bit or the HMAC is another", () => {
    const sealed = seal(packet(), KEY);
    for (let bit = 0; bit < 112 * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(isSealed(changed, KEY)).toBe(false);
    }
  });
});

describe("a session's key", () => {
  it("is HKDF-SHA-256 of the preshared key, salted by the run, for one tunnel", () => {
    // By RFC 5869's two steps, written down in Python.
    expect(sessionKey(KEY, Buffer.alloc(16, 1), "a - c").toString("hex")).toBe(
      "17da7d19355de07a44b420488e9a1f012515768f41101de9b71169a95dc79710",
    );
  });

  it("is another one for every run and tunnel", () => {
    const keys = [
      sessionKey(KEY, Buffer.alloc(16, 1), "a - c"),
      sessionKey(KEY, Buffer.alloc(16, 2), "a - c"),
      sessionKey(KEY, Buffer.alloc(16, 1), "a - b"),
      sessionKey(Buffer.alloc(32), Buffer.alloc(16, 1), "a - c"),
    ].map((key) => key.toString("hex"));
    expect(new Set(keys).size).toBe(4);
  });
});
