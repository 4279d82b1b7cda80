// WireGuard keys: X25519 (RFC 7748) by node:crypto, base64 as `wg` prints them.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";

/** The DER frame of an X25519 private key (RFC 8410), before its 32 bytes. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");
const KEY_BYTES = 32;

export function generatePrivateKey(): string {
  const { privateKey } = generateKeyPairSync("x25519");
  return privateKey.export({ type: "pkcs8", format: "der" }).subarray(-KEY_BYTES).toString("base64");
}

/** The public key of a private one; throws on anything that is not 32 bytes of base64. */
export function publicKeyOf(privateKey: string): string {
  const bytes = Buffer.from(privateKey, "base64");
  if (bytes.length !== KEY_BYTES) throw new RangeError("not a WireGuard private key");
  const der = Buffer.concat([PKCS8_PREFIX, bytes]);
  const key = createPublicKey(createPrivateKey({ key: der, type: "pkcs8", format: "der" }));
  return key.export({ type: "spki", format: "der" }).subarray(-KEY_BYTES).toString("base64");
}

export const generatePresharedKey = (): string => randomBytes(KEY_BYTES).toString("base64");
