// Other people's files, and ours as they would come back: folders of machines, and what import makes of them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { lint } from "../../src/core/import/findings.ts";
import { networkFrom, secretsFrom } from "../../src/core/import/network.ts";
import { readFolders, type FoundFolder } from "../../src/core/import/read.ts";
import { parse } from "../../src/core/parse.ts";
import { compile, directions, type Plan } from "../../src/core/plan.ts";
import type { Secrets } from "../../src/core/secrets.ts";
import { generatePrivateKey, generatePresharedKey, publicKeyOf } from "../../src/files/keys.ts";
import { wgQuickFiles } from "../../src/render/wg-quick.ts";

export const EXAMPLES = join(import.meta.dirname, "..", "..", "examples");
export const HANDMADE: FoundFolder[] = ["a", "b", "c"].map((name) => ({
  path: name,
  name,
  files: readdirSync(join(EXAMPLES, "handmade", name))
    .sort()
    .map((file) => ({
      path: `${name}/${file}`,
      text: readFileSync(join(EXAMPLES, "handmade", name, file), "utf8"),
    })),
}));
export const KEYS = HANDMADE.flatMap(({ files }) =>
  files.flatMap(({ text }) => /PrivateKey = (\S+)/.exec(text)?.[1] ?? []),
);

export const read = (folders: readonly FoundFolder[]) => readFolders(folders, publicKeyOf);

/** Of files that can be used. */
export function importOf(folders: readonly FoundFolder[]) {
  const { machines, matched, directions: ways, diagnostics } = read(folders);
  expect(diagnostics).toEqual([]);
  const imported = networkFrom(machines, matched, ways);
  const parsed = parse(imported.text, "tofro.yaml");
  expect(parsed.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  const { tunnels } = compile(parsed.spec!).topology;
  const secrets = secretsFrom(machines, imported, tunnels);
  return { imported, spec: parsed.spec!, secrets, findings: lint(machines, matched, ways) };
}

export function secretsFor({ topology }: Plan): Secrets {
  return {
    privateKeys: new Map(topology.nodes.map(({ name }) => [name, generatePrivateKey()])),
    presharedKeys: new Map(topology.tunnels.map(({ id }) => [id, generatePresharedKey()])),
  };
}

/** As `export wg-quick` writes them. */
export function exported(
  text: string,
  secrets: (plan: Plan) => Secrets,
): { plan: Plan; folders: FoundFolder[] } {
  const { spec } = parse(text, "tofro.yaml");
  const draft = compile(spec!);
  const known = secrets(draft);
  const nodes = new Map(
    Array.from(draft.lock.nodes, ([name, node]) => [
      name,
      { ...node, publicKey: publicKeyOf(known.privateKeys.get(name)!) },
    ]),
  );
  const plan = compile(spec!, { ...draft.lock, nodes });
  const files = wgQuickFiles(plan, known);
  const folders = plan.topology.nodes.map(({ name }) => ({
    path: name,
    name,
    files: files
      .filter(({ node }) => node === name)
      .map((file) => ({ path: `${name}/${file.interface}.conf`, text: file.text })),
  }));
  // A node in no path has no file.
  return { plan, folders: folders.filter(({ files: own }) => own.length > 0) };
}

export const pathsOf = (plan: Plan): string[] =>
  Array.from(directions(plan), ({ from, to, path }) => `${from} ${to}: ${path.join(" ")}`).sort();
