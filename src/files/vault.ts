// tofro.secrets encrypted with age (age-encryption.org/v1): whether a file is, opening it, and closing it for the same people.
import type { Recipient } from "age-encryption";
import { TofroError } from "../core/error.ts";
import { parseSshPrivateKey, parseSshPublicKey } from "./ssh-key.ts";

/** Who can open it again. */
export type Seal =
  | { readonly kind: "passphrase"; readonly passphrase: string }
  /** `age1…`, or lines of SSH public keys. */
  | { readonly kind: "recipients"; readonly recipients: readonly string[] };

/** Where passphrase and identities come from; asked only for a file that is encrypted. */
export interface Unlock {
  readonly passphrase: (file: string) => Promise<string>;
  readonly identities: () => Promise<readonly IdentityFile[]>;
  /** Decrypts with an SSH key that has a passphrase of its own, which age asks for. */
  readonly withProtectedKey: (identity: IdentityFile, sealed: Uint8Array) => Promise<string>;
}

/** An age identity file or an SSH private key. */
export interface IdentityFile {
  readonly path: string;
  readonly text: string;
}

const VERSION = "age-encryption.org/v1\n";
const ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----";

export const isSealed = (bytes: Buffer): boolean =>
  [VERSION, ARMOR].some((start) => bytes.subarray(0, start.length).toString("latin1") === start);

export interface Opened {
  readonly text: string;
  /** What it was opened with, when that was a passphrase. */
  readonly passphrase?: string;
}

/** Decrypts; throws "usage" when the passphrase is wrong, or nobody here can open it. */
export async function openVault(bytes: Buffer, file: string, unlock: Unlock): Promise<Opened> {
  const { armor, Decrypter } = await import("age-encryption");
  const cannot = (why: string, cause?: unknown): TofroError =>
    new TofroError(`Cannot open ${file}: ${why}`, { kind: "usage" }, cause);
  const decrypter = new Decrypter();
  const open = async (sealed: Uint8Array, whenNone: string): Promise<string> => {
    try {
      return await decrypter.decrypt(sealed, "text");
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      if (why.startsWith("no identity matched")) throw cannot(whenNone);
      throw cannot(`it is damaged (${why}); restore it from your backup`, cause);
    }
  };
  const sealed = tried(() =>
    isArmored(bytes) ? armor.decode(bytes.toString("latin1")) : new Uint8Array(bytes),
  );
  if (sealed === undefined) throw cannot("it is damaged; restore it from your backup");
  const tags = stanzasOf(sealed);
  if (tags.some(([type]) => type === "scrypt")) {
    const passphrase = await unlock.passphrase(file);
    decrypter.addPassphrase(passphrase);
    return { text: await open(sealed, "the passphrase is wrong"), passphrase };
  }
  const { sshIdentity, tagOf } = await import("./ssh-recipient.ts");
  const identities = await unlock.identities();
  for (const identity of identities) {
    const key = parseSshPrivateKey(identity.text);
    if (key?.type === "protected") {
      const isMeant = tags.some(([, tag]) => tag === tagOf(key.wire));
      if (isMeant) return { text: await unlock.withProtectedKey(identity, sealed) };
    } else if (key !== undefined) decrypter.addIdentity(sshIdentity(key));
    for (const line of identity.text.match(/^AGE-SECRET-KEY-\S+/gm) ?? []) {
      if (tried(() => (decrypter.addIdentity(line), true)) === undefined) {
        throw cannot(`${identity.path} has a damaged identity`);
      }
    }
  }
  const list = identities.map(({ path }) => path).join(", ") || "none is there";
  const hint = "name the file of yours by TOFRO_IDENTITY";
  return {
    text: await open(sealed, `it is encrypted to identities that are not here (${list})\n  hint: ${hint}`),
  };
}

/** The encrypted file, in ASCII; a different one each time. */
export async function sealVault(text: string, seal: Seal): Promise<string> {
  const { armor, Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  if (seal.kind === "passphrase") encrypter.setPassphrase(seal.passphrase);
  else for (const line of seal.recipients) encrypter.addRecipient(await recipientOf(line));
  return `${armor.encode(await encrypter.encrypt(text)).trim()}\n`;
}

/** Throws "usage" for what is no recipient. */
export async function recipientOf(line: string): Promise<string | Recipient> {
  const key = parseSshPublicKey(line);
  if (key !== undefined) return (await import("./ssh-recipient.ts")).sshRecipient(key);
  const { Encrypter } = await import("age-encryption");
  const isOne = tried(() => (new Encrypter().addRecipient(line), true)) === true;
  if (isOne) return line;
  const shown = line.length > 50 ? `${line.slice(0, 50)}...` : line;
  throw new TofroError(
    `"${shown}" is no recipient: write one that begins with age1, or the line of an SSH public key (ssh-ed25519 or ssh-rsa)`,
    { kind: "usage" },
  );
}

const isArmored = (bytes: Buffer): boolean => bytes.subarray(0, ARMOR.length).toString("latin1") === ARMOR;

/** The words of each stanza's first line, up to the header's end. */
function stanzasOf(sealed: Uint8Array): string[][] {
  const [header = ""] = Buffer.from(sealed).toString("latin1").split("\n---", 1);
  return [...header.matchAll(/^-> (.+)$/gm)].map(([, words]) => words!.split(" "));
}

function tried<Value>(attempt: () => Value): Value | undefined {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}
