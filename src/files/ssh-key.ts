// SSH keys as their files have them: public ones by line (RFC 4253, 6.6), private ones in OpenSSH's own frame or in PEM.
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

export type SshPublicKey =
  | { readonly type: "ssh-ed25519"; readonly wire: Buffer; readonly point: Buffer }
  | { readonly type: "ssh-rsa"; readonly wire: Buffer; readonly key: KeyObject };

export type SshPrivateKey =
  | { readonly type: "ssh-ed25519"; readonly wire: Buffer; readonly seed: Buffer }
  | { readonly type: "ssh-rsa"; readonly wire: Buffer; readonly key: KeyObject }
  /** Nobody can use it without its passphrase; whose it is stands in the clear. */
  | { readonly type: "protected"; readonly wire: Buffer };

const FRAME = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/;
const MAGIC = "openssh-key-v1\0";

/** `ssh-ed25519 AAAA… comment` or `ssh-rsa …`; undefined for anything else. */
export function parseSshPublicKey(line: string): SshPublicKey | undefined {
  const [type, base64] = line.trim().split(/\s+/);
  if ((type !== "ssh-ed25519" && type !== "ssh-rsa") || base64 === undefined) return undefined;
  return tried(() => {
    const wire = Buffer.from(base64, "base64");
    const fields = new Fields(wire);
    if (fields.text() !== type) return undefined;
    if (type === "ssh-rsa") {
      const [e, n] = [fields.number(), fields.number()];
      const jwk = { kty: "RSA", n: base64url(n), e: base64url(e) };
      return { type, wire, key: createPublicKey({ key: jwk, format: "jwk" }) };
    }
    const point = fields.bytes();
    return point.length === 32 ? { type, wire, point } : undefined;
  });
}

/** The private key of an identity file; undefined when it is none that age knows. */
export function parseSshPrivateKey(text: string): SshPrivateKey | undefined {
  const [, framed] = FRAME.exec(text) ?? [];
  return tried(() => (framed === undefined ? ofPem(text) : ofFrame(Buffer.from(framed, "base64"))));
}

/** The older form, RSA only. One with a passphrase does not say whose it is. */
function ofPem(text: string): SshPrivateKey | undefined {
  if (!/-----BEGIN (?:RSA )?PRIVATE KEY-----/.test(text)) return undefined;
  const key = createPrivateKey(text);
  const { n, e } = createPublicKey(key).export({ format: "jwk" });
  if (n === undefined || e === undefined) return undefined;
  const wire = Buffer.concat(
    [
      Buffer.from("ssh-rsa"),
      positive(Buffer.from(e, "base64url")),
      positive(Buffer.from(n, "base64url")),
    ].map(lengthBefore),
  );
  return { type: "ssh-rsa", wire, key };
}

/** PROTOCOL.key of OpenSSH. */
function ofFrame(bytes: Buffer): SshPrivateKey | undefined {
  if (bytes.subarray(0, MAGIC.length).toString("latin1") !== MAGIC) return undefined;
  const fields = new Fields(bytes.subarray(MAGIC.length));
  const cipher = fields.text();
  fields.bytes();
  fields.bytes();
  if (fields.count() !== 1) return undefined;
  const wire = fields.bytes();
  if (cipher !== "none") return { type: "protected", wire };
  const inner = new Fields(fields.bytes());
  if (inner.count() !== inner.count()) return undefined;
  const type = inner.text();
  if (type === "ssh-ed25519") {
    inner.bytes();
    return { type, wire, seed: inner.bytes().subarray(0, 32) };
  }
  if (type !== "ssh-rsa") return undefined;
  const next = (): string => base64url(inner.number());
  const [n, e, d, qi, p, q] = [next(), next(), next(), next(), next(), next()];
  const jwk = { kty: "RSA", n, e, d, p, q, qi, dp: exponent(d, p), dq: exponent(d, q) };
  return { type, wire, key: createPrivateKey({ key: jwk, format: "jwk" }) };
}

/** What `string`, `mpint` and `uint32` of RFC 4251, 5 are; throws a RangeError where the bytes end too early. */
class Fields {
  #rest: Buffer;
  constructor(bytes: Buffer) {
    this.#rest = bytes;
  }
  count(): number {
    const value = this.#rest.readUInt32BE(0);
    this.#rest = this.#rest.subarray(4);
    return value;
  }
  bytes(): Buffer {
    const length = this.count();
    if (length > this.#rest.length) throw new RangeError("it is cut off");
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return bytes;
  }
  text(): string {
    return this.bytes().toString("latin1");
  }
  /** Without the zero byte that says "not negative". */
  number(): Buffer {
    const bytes = this.bytes();
    return bytes[0] === 0 ? bytes.subarray(1) : bytes;
  }
}

/** The private exponent for one of the primes: d modulo (prime - 1). */
function exponent(d: string, prime: string): string {
  const [value, modulus] = [d, prime].map((each) =>
    BigInt(`0x${Buffer.from(each, "base64url").toString("hex")}`),
  );
  const hex = (value! % (modulus! - 1n)).toString(16);
  return base64url(Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex"));
}

const base64url = (bytes: Buffer): string => bytes.toString("base64url");

const positive = (bytes: Buffer): Buffer =>
  (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]);

const lengthBefore = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** A file that is cut off or damaged is no key. */
function tried<Value>(parse: () => Value | undefined): Value | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
