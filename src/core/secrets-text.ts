// tofro.secrets as text.
import { stringify } from "yaml";
import { z } from "zod";
import type { Diagnostic } from "./error.ts";
import { NO_SECRETS, type Secrets } from "./secrets.ts";
import { readStructured } from "./structured.ts";

/** 32 bytes as `wg` writes them. */
const key = z
  .string()
  .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, "must be a key as `wg genkey` makes it");
const schema = z.strictObject({
  private_keys: z.record(z.string(), key).optional(),
  preshared_keys: z.record(z.string(), key).optional(),
});

const HINT = "restore the file from your backup: the keys in it cannot be made again";
const HEADER =
  "# Private and preshared keys of the network. Keep it to yourself (mode 0600), and out of version control.";

/** Reads the secrets; an empty text holds none. Diagnostics never quote a key. */
export function parseSecrets(text: string, file: string): { secrets: Secrets; diagnostics: Diagnostic[] } {
  if (text.trim() === "") return { secrets: NO_SECRETS, diagnostics: [] };
  const { value, diagnostics } = readStructured(text, file, schema, HINT);
  return {
    secrets: {
      privateKeys: new Map(Object.entries(value?.private_keys ?? {})),
      presharedKeys: new Map(Object.entries(value?.preshared_keys ?? {})),
    },
    diagnostics,
  };
}

export function formatSecrets(secrets: Secrets): string {
  const content = {
    private_keys: Object.fromEntries(secrets.privateKeys),
    preshared_keys: Object.fromEntries(secrets.presharedKeys),
  };
  return `${HEADER}\n${stringify(content, { lineWidth: 0 })}`;
}
