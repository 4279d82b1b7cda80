// Folders with the files and outputs of machines, as texts, to what is known of the network that they make.
import type { Diagnostic } from "../error.ts";
import { Diagnostics } from "../diagnostics.ts";
import { start } from "../error.ts";
import { parseConfigFile, type ConfigFile } from "./config-file.ts";
import { withoutLearnt } from "./endpoints.ts";
import { readLive, sortFiles } from "./live.ts";
import { machineOf, type Machine } from "./machine.ts";
import { match, type Matched } from "./match.ts";
import { scriptLines } from "./script.ts";
import { directionsOf, type Direction } from "./walk.ts";

export interface FoundFile {
  readonly path: string;
  readonly text: string;
}

/** One machine's: outputs by what is in them; of all others `.conf` files are wg-quick's, and the rest scripts. */
export interface FoundFolder {
  readonly path: string;
  readonly name: string;
  readonly files: readonly FoundFile[];
}

export interface Found {
  readonly machines: readonly Machine[];
  readonly matched: Matched;
  readonly directions: readonly Direction[];
  readonly diagnostics: readonly Diagnostic[];
}

/** `publicKeyOf` is a function of the private key (RFC 7748). */
export function readFolders(
  folders: readonly FoundFolder[],
  publicKeyOf: (privateKey: string) => string,
): Found {
  const found = new Diagnostics();
  const names = new Map<string, string>();
  const machines = folders.map(({ path, name, files }) => {
    const at = start(path);
    const other = names.get(name);
    if (other !== undefined)
      found.error("duplicate-name", at, `two machines are called ${name}`, `rename this folder or ${other}`);
    names.set(name, path);
    const sorted = sortFiles(files);
    const configs = sorted.others.filter((file) => file.path.endsWith(".conf"));
    const scripts = sorted.others.filter((file) => !file.path.endsWith(".conf"));
    const live = readLive(sorted, found);
    const keyed = (file: ConfigFile): ConfigFile => withPublicKey(file, publicKeyOf, found);
    return machineOf(
      name,
      at,
      configs.map((file) => keyed(parseConfigFile(file.text, file.path, found))),
      scripts.flatMap((file) => scriptLines(file.text, file.path)),
      { ...live, interfaces: live.interfaces.map(keyed) },
    );
  });
  const owners = new Map<string, Machine>();
  for (const machine of machines)
    for (const file of machine.files) {
      const key = file.publicKey?.value;
      if (key === undefined) continue;
      const owner = owners.get(key) ?? machine;
      owners.set(key, owner);
      if (owner === machine) continue;
      const hint = "give each machine a key of its own, and its peers the public half";
      const place = (file.privateKey ?? file.publicKey!).at;
      found.error(
        "duplicate-key",
        place,
        `${owner.name} and ${machine.name} have the same private key`,
        hint,
      );
    }
  const known = match(machines);
  const matched = { ...known, ...withoutLearnt(known.matches) };
  return {
    machines,
    matched,
    directions: directionsOf(machines, matched.matches),
    diagnostics: found.sorted(),
  };
}

function withPublicKey(
  file: ConfigFile,
  publicKeyOf: (privateKey: string) => string,
  found: Diagnostics,
): ConfigFile {
  const { privateKey, publicKey } = file;
  if (privateKey === undefined) return file;
  const value = publicKeyOf(privateKey.value);
  if (publicKey !== undefined && publicKey.value !== value)
    found.error(
      "keys-differ",
      publicKey.at,
      `this is not the public key of ${file.name}'s private key`,
      "save the output of `wg` again, whole",
    );
  return { ...file, publicKey: { value, at: privateKey.at } };
}
