// SSH keys as age's recipients and identities: the stanzas `ssh-ed25519` and `ssh-rsa` of age (package agessh), which
// age-encryption does not bring.
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  hkdfSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import { Stanza, type Identity, type Recipient } from "age-encryption";
import { x25519 } from "./keys.ts";
import type { SshPrivateKey, SshPublicKey } from "./ssh-key.ts";

const ED25519 = "age-encryption.org/v1/ssh-ed25519";
const RSA = {
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: "sha256",
  oaepLabel: Buffer.from("age-encryption.org/v1/ssh-rsa"),
};
const TAG_BYTES = 16;

export const sshRecipient = (key: SshPublicKey): Recipient => ({
  wrapFileKey(fileKey) {
    const tag = tagOf(key.wire);
    if (key.type === "ssh-rsa") {
      return [new Stanza(["ssh-rsa", tag], publicEncrypt({ ...RSA, key: key.key }, fileKey))];
    }
    const ephemeral = randomBytes(32);
    const share = x25519(ephemeral);
    const theirs = montgomery(key.point);
    const wrap = wrappingKey(key.wire, x25519(ephemeral, theirs), Buffer.concat([share, theirs]));
    const cipher = createCipheriv("chacha20-poly1305", wrap, Buffer.alloc(12), { authTagLength: TAG_BYTES });
    const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
    return [new Stanza(["ssh-ed25519", tag, unpadded(share)], body)];
  },
});

export const sshIdentity = (key: Exclude<SshPrivateKey, { type: "protected" }>): Identity => ({
  unwrapFileKey(stanzas) {
    const mine = stanzas.find(({ args: [type, tag] }) => type === key.type && tag === tagOf(key.wire));
    if (mine === undefined) return null;
    const body = Buffer.from(mine.body);
    if (key.type === "ssh-rsa") return privateDecrypt({ ...RSA, key: key.key }, body);
    const share = Buffer.from(mine.args[2] ?? "", "base64");
    const scalar = createHash("sha512").update(key.seed).digest().subarray(0, 32);
    const salt = Buffer.concat([share, x25519(scalar)]);
    const wrap = wrappingKey(key.wire, x25519(scalar, share), salt);
    const cipher = createDecipheriv("chacha20-poly1305", wrap, Buffer.alloc(12), {
      authTagLength: TAG_BYTES,
    });
    cipher.setAuthTag(body.subarray(-TAG_BYTES));
    return Buffer.concat([cipher.update(body.subarray(0, -TAG_BYTES)), cipher.final()]);
  },
});

/** How a stanza names its SSH key. */
export const tagOf = (wire: Buffer): string =>
  unpadded(createHash("sha256").update(wire).digest().subarray(0, 4));

/** The tweak binds the shared secret to the SSH key it is for. */
function wrappingKey(wire: Buffer, shared: Buffer, salt: Buffer): Buffer {
  const tweak = Buffer.from(hkdfSync("sha256", Buffer.alloc(0), wire, ED25519, 32));
  return Buffer.from(hkdfSync("sha256", x25519(tweak, shared), salt, ED25519, 32));
}

const unpadded = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");

/** An Edwards point as a Montgomery one: u = (1 + y) / (1 - y) modulo 2^255 - 19 (RFC 7748, 4.1). Public keys only. */
function montgomery(point: Buffer): Buffer {
  const prime = 2n ** 255n - 19n;
  const y = BigInt(`0x${Buffer.from(point.toReversed()).toString("hex")}`) & (2n ** 255n - 1n);
  const u = ((1n + y) * inverse((((1n - y) % prime) + prime) % prime, prime)) % prime;
  return Buffer.from(Buffer.from(u.toString(16).padStart(64, "0"), "hex").toReversed());
}

/** By Fermat: value^(prime - 2). */
function inverse(value: bigint, prime: bigint): bigint {
  let [result, base] = [1n, value];
  for (let power = prime - 2n; power > 0n; power >>= 1n) {
    if ((power & 1n) === 1n) result = (result * base) % prime;
    base = (base * base) % prime;
  }
  return result;
}
