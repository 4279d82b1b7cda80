// ChaCha20-Poly1305 (RFC 8439) with a counter for its nonce: a key is used for one direction of one pair, and no number twice.
import { createCipheriv, createDecipheriv } from "node:crypto";

const ALGORITHM = "chacha20-poly1305";
export const TAG_SIZE = 16;
const OPTIONS = { authTagLength: TAG_SIZE } as const;

export function seal(key: Uint8Array, number: bigint, text: Uint8Array, associated: Uint8Array): Buffer {
  const cipher = createCipheriv(ALGORITHM, key, nonceOf(number), OPTIONS);
  cipher.setAAD(associated, { plaintextLength: text.length });
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined: it was not sealed with this key, number and associated text. */
export function open(
  key: Uint8Array,
  number: bigint,
  sealed: Uint8Array,
  associated: Uint8Array,
): Buffer | undefined {
  if (sealed.length < TAG_SIZE) return undefined;
  const end = sealed.length - TAG_SIZE;
  const decipher = createDecipheriv(ALGORITHM, key, nonceOf(number), OPTIONS);
  decipher.setAAD(associated, { plaintextLength: end });
  decipher.setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function nonceOf(number: bigint): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64LE(number, 4);
  return nonce;
}
