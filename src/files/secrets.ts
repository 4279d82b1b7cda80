// tofro.secrets on disk, in the clear or encrypted with age. What it was when it was read it is when it is written.
import { start, TofroError, type Diagnostic } from "../core/error.ts";
import { formatSecrets, parseSecrets } from "../core/secrets-text.ts";
import { NO_SECRETS, type Secrets } from "../core/secrets.ts";
import { modeOf, readBytesIfThere, writeAtomic } from "./atomic.ts";
import { isSealed, openVault, sealVault, type Seal, type Unlock } from "./vault.ts";

/** The secrets; encrypted ones that nobody has opened yet are bytes. */
export type Vault = OpenVault | { readonly kind: "sealed"; readonly bytes: Buffer };

export interface OpenVault {
  readonly kind: "open";
  readonly secrets: Secrets;
  /** As it is on disk, or inside of what is there. */
  readonly text: string;
  /** Absent: it is written in the clear. Unknown: encrypted by other means than `tofro keys encrypt`, to who knows whom. */
  readonly seal?: Seal | { readonly kind: "unknown" };
}

interface Read<Kind> {
  readonly vault: Kind;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the file; no file is one without secrets. An encrypted one stays closed. */
export async function readVault(file: string): Promise<Read<Vault>> {
  const bytes = (await readBytesIfThere(file)) ?? Buffer.alloc(0);
  if (isSealed(bytes)) return { vault: { kind: "sealed", bytes }, diagnostics: [] };
  const text = bytes.toString("utf8");
  const { secrets, diagnostics } = parseSecrets(text, file);
  return { vault: { kind: "open", secrets, text }, diagnostics: [...diagnostics, ...(await readable(file))] };
}

async function readable(file: string): Promise<Diagnostic[]> {
  const mode = await modeOf(file);
  if (mode === undefined || (mode & 0o077) === 0) return [];
  const message = `others may read the private keys (mode 0${mode.toString(8)})`;
  const hint = `chmod 600 ${file}`;
  return [{ code: "secrets-readable", severity: "error", at: start(file), message, hint }];
}

/** Decrypts what is encrypted; without `unlock` that is refused. */
export async function unsealed(vault: Vault, file: string, unlock?: Unlock): Promise<Read<OpenVault>> {
  if (vault.kind === "open") return { vault, diagnostics: [] };
  if (unlock === undefined) throw new TofroError(`Cannot open ${file}: it is encrypted`, { kind: "usage" });
  const { text, passphrase } = await openVault(vault.bytes, file, unlock);
  const { secrets, encryptedTo, diagnostics } = parseSecrets(text, file);
  const seal =
    passphrase !== undefined
      ? ({ kind: "passphrase", passphrase } as const)
      : encryptedTo === undefined
        ? ({ kind: "unknown" } as const)
        : ({ kind: "recipients", recipients: encryptedTo } as const);
  return { vault: { kind: "open", secrets, text, seal }, diagnostics };
}

/** Writes the secrets if they are not there already: encrypted before they touch the disk, when the vault is sealed. */
export async function writeVault(file: string, vault: OpenVault, secrets: Secrets): Promise<OpenVault> {
  const { seal } = vault;
  const text = formatSecrets(secrets, seal?.kind === "recipients" ? seal.recipients : undefined);
  if (text === vault.text) return { ...vault, secrets };
  if (seal?.kind === "unknown") {
    const hint = "say it once: `tofro keys encrypt --recipient …` (or --passphrase)";
    throw new TofroError(`Cannot write ${file}: it does not say to whom it is encrypted\n  hint: ${hint}`, {
      kind: "usage",
    });
  }
  await writeAtomic(file, seal === undefined ? text : await sealVault(text, seal), 0o600);
  return { ...vault, secrets, text };
}

/** What is known without opening anything. */
export const secretsIn = (vault: Vault): Secrets => (vault.kind === "open" ? vault.secrets : NO_SECRETS);
