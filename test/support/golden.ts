// The networks of test/golden, compiled, with keys that are the same every time.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseLock } from "../../src/core/lock-text.ts";
import { parse } from "../../src/core/parse.ts";
import { compile, type Plan } from "../../src/core/plan.ts";
import type { Secrets } from "../../src/core/secrets.ts";
import { keepsItsKey } from "../../src/core/spec.ts";

const GOLDEN = join(import.meta.dirname, "..", "golden");
const fakeKey = (name: string): string => createHash("sha256").update(name).digest("base64");

export const goldenNames = readdirSync(GOLDEN);

export function golden(name: string): { readonly plan: Plan; readonly secrets: Secrets } {
  const folder = join(GOLDEN, name);
  const { spec } = parse(readFileSync(join(folder, "tofro.yaml"), "utf8"), "tofro.yaml");
  const before = join(folder, "before.lock");
  const { lock } = parseLock(existsSync(before) ? readFileSync(before, "utf8") : "", "before.lock");
  const draft = compile(spec!, lock);
  // Public keys as if they were made: a placeholder is no word of any target's language.
  const nodes = Array.from(
    draft.lock.nodes,
    ([node, locked]) =>
      [node, { ...locked, publicKey: locked.publicKey ?? fakeKey(`public ${node}`) }] as const,
  );
  const plan = compile(spec!, { ...draft.lock, nodes: new Map(nodes) });
  const keepers = spec!.nodes.filter((node) => !keepsItsKey(node));
  return {
    plan,
    secrets: {
      privateKeys: new Map(keepers.map((node) => [node.name, fakeKey(node.name)])),
      presharedKeys: new Map(plan.topology.tunnels.map(({ id }) => [id, fakeKey(id)])),
    },
  };
}
