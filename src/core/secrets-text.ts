// tofro.secrets as text.
import { stringify } from "yaml";
import { z } from "zod";
import type { Diagnostic } from "./error.ts";
import { NO_SECRETS, type Secrets } from "./secrets.ts";
import { readStructured } from "./structured.ts";
import { WIREGUARD_KEY } from "./wireguard-key.ts";

/** 32 bytes as `wg` writes them. */
const key = z.string().regex(WIREGUARD_KEY, "must be a key as `wg genkey` makes it");
const schema = z.strictObject({
  private_keys: z.record(z.string(), key).optional(),
  preshared_keys: z.record(z.string(), key).optional(),
  encrypted_to: z.array(z.string()).optional(),
});

const HINT = "restore the file from your backup: the keys in it cannot be made again";
const HEADER =
  "# Private and preshared keys of the network. Keep it to yourself (mode 0600), and out of version control.";

interface Parsed {
  readonly secrets: Secrets;
  /** age recipients that the file is to be encrypted to whenever it is written; age's own header does not tell them. */
  readonly encryptedTo?: readonly string[];
  readonly diagnostics: Diagnostic[];
}

/** Reads the secrets; an empty text holds none. Diagnostics never quote a key. */
export function parseSecrets(text: string, file: string): Parsed {
  if (text.trim() === "") return { secrets: NO_SECRETS, diagnostics: [] };
  const { value, diagnostics } = readStructured(text, file, schema, HINT);
  return {
    ...(value?.encrypted_to && { encryptedTo: value.encrypted_to }),
    secrets: {
      privateKeys: new Map(Object.entries(value?.private_keys ?? {})),
      presharedKeys: new Map(Object.entries(value?.preshared_keys ?? {})),
    },
    diagnostics,
  };
}

export function formatSecrets(secrets: Secrets, encryptedTo?: readonly string[]): string {
  const content = {
    ...(encryptedTo && { encrypted_to: encryptedTo }),
    private_keys: Object.fromEntries(secrets.privateKeys),
    preshared_keys: Object.fromEntries(secrets.presharedKeys),
  };
  return `${HEADER}\n${stringify(content, { lineWidth: 0 })}`;
}
