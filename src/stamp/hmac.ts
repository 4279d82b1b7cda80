// What keeps strangers out: HMAC-SHA-256, cut to 128 bits (RFC 8762, 4.4; RFC 8972, 4.8).
import { createHmac, createSecretKey, hkdfSync, timingSafeEqual, type KeyObject } from "node:crypto";

export type Key = Uint8Array | KeyObject;

export const HMAC_SIZE = 16;

/** The HMAC stands behind the six blocks of 16 octets that it covers. */
const COVERED = 96;

/** A key of its own for one run on one tunnel, from the tunnel's preshared key; that one is never used for anything else. */
export function sessionKey(presharedKey: Buffer, run: Uint8Array, tunnel: string): Buffer {
  return Buffer.from(hkdfSync("sha256", presharedKey, run, `tofro stamp ${tunnel}`, 32));
}

/** From base64. Made once: a key that is read anew for every packet takes several times as long. */
export const readKey = (text: string): KeyObject => createSecretKey(text, "base64");

export const digest = (key: Key, ...parts: readonly Uint8Array[]): Buffer => {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest().subarray(0, HMAC_SIZE);
};

/** Writes the HMAC into an authenticated base packet. */
export function seal(bytes: Buffer, key: Key): Buffer {
  digest(key, bytes.subarray(0, COVERED)).copy(bytes, COVERED);
  return bytes;
}

/** `bytes` has at least the size of an authenticated base packet. */
export const isSealed = (bytes: Buffer, key: Key): boolean =>
  isSame(digest(key, bytes.subarray(0, COVERED)), bytes.subarray(COVERED, COVERED + HMAC_SIZE));

/** In constant time. */
export const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b);
