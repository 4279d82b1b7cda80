// WireGuard keys: X25519 (RFC 7748) by node:crypto, base64 as `wg` prints them.
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from "node:crypto";

/** The DER frames of an X25519 private and public key (RFC 8410), before their 32 bytes. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex");
const KEY_BYTES = 32;

export function generatePrivateKey(): string {
  const { privateKey } = generateKeyPairSync("x25519");
  return privateKey.export({ type: "pkcs8", format: "der" }).subarray(-KEY_BYTES).toString("base64");
}

/** The public key of a private one; throws on anything that is not 32 bytes of base64. */
export function publicKeyOf(privateKey: string): string {
  const bytes = Buffer.from(privateKey, "base64");
  if (bytes.length !== KEY_BYTES) throw new RangeError("not a WireGuard private key");
  return x25519(bytes).toString("base64");
}

/** Scalar times point, the base point when none is given; throws when the result tells nothing (a point of low order). */
export function x25519(scalar: Buffer, point?: Buffer): Buffer {
  const privateKey = keyOf(scalar);
  if (point === undefined) {
    return createPublicKey(privateKey).export({ type: "spki", format: "der" }).subarray(-KEY_BYTES);
  }
  const der = Buffer.concat([SPKI_PREFIX, point]);
  return diffieHellman({ privateKey, publicKey: createPublicKey({ key: der, type: "spki", format: "der" }) });
}

const keyOf = (scalar: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, scalar]), type: "pkcs8", format: "der" });

export const generatePresharedKey = (): string => randomBytes(KEY_BYTES).toString("base64");
