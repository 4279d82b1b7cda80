// Every golden case: a network file, and all that is rendered from it, to be reviewed as text (`npx vitest -u` rewrites).
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkText } from "../src/commands/check.ts";
import { showText } from "../src/commands/show.ts";
import { check } from "../src/core/check/check.ts";
import { formatLock, parseLock } from "../src/core/lock-text.ts";
import { parse } from "../src/core/parse.ts";
import { compile } from "../src/core/plan.ts";
import type { Secrets } from "../src/core/secrets.ts";
import { keepsItsKey } from "../src/core/spec.ts";
import { golden } from "./support/golden.ts";
import { networkmanager } from "../src/render/networkmanager.ts";
import { networkd } from "../src/render/networkd.ts";
import { openwrt } from "../src/render/openwrt.ts";
import { routeros } from "../src/render/routeros.ts";
import { shell } from "../src/render/shell.ts";
import { madeBy, wgQuickFiles } from "../src/render/wg-quick.ts";
import { dot } from "../src/render/graph.ts";

const GOLDEN = join(import.meta.dirname, "golden");
/** Cases that are exported for all targets: each has something that others have not. */
const EXPORTED = new Set([
  "three-nodes",
  "port-forward",
  "five-nodes",
  "mtu",
  "prefixes",
  "exit",
  "exit-kill-switch",
  "exit-dns",
  "own-key",
  "own-forwarder",
  "uplinks",
]);
const EXPORTERS = { shell, networkd, networkmanager, openwrt, routeros };
const fakeKey = (name: string): string => createHash("sha256").update(name).digest("base64");

function load(name: string) {
  const folder = join(GOLDEN, name);
  const { spec, diagnostics } = parse(readFileSync(join(folder, "tofro.yaml"), "utf8"), "tofro.yaml");
  const before = join(folder, "before.lock");
  const { lock } = parseLock(existsSync(before) ? readFileSync(before, "utf8") : "", "before.lock");
  return { folder, spec: spec!, diagnostics, lock };
}

describe.each(readdirSync(GOLDEN))("%s", (name) => {
  const { folder, spec, diagnostics, lock } = load(name);
  const plan = compile(spec, lock);
  const secrets: Secrets = {
    privateKeys: new Map(
      spec.nodes.filter((node) => !keepsItsKey(node)).map((node) => [node.name, fakeKey(node.name)]),
    ),
    presharedKeys: new Map(plan.topology.tunnels.map(({ id }) => [id, fakeKey(id)])),
  };

  it("has no mistakes", () => {
    expect(diagnostics).toEqual([]);
  });

  it("comes true", async () => {
    const result = check(spec, plan.states);
    expect(result.ok).toBe(true);
    await expect(checkText(result)).toMatchFileSnapshot(join(folder, "check.txt"));
  });

  it("is shown", async () => {
    await expect(showText(plan)).toMatchFileSnapshot(join(folder, "show.txt"));
  });

  it("is drawn", async () => {
    await expect(dot(plan)).toMatchFileSnapshot(join(folder, "graph.dot"));
  });

  it("is locked, and the lock gives the same plan again", async () => {
    const text = formatLock(plan.lock);
    await expect(text).toMatchFileSnapshot(join(folder, "after.lock"));
    const again = compile(spec, parseLock(text, "after.lock").lock);
    expect(formatLock(again.lock)).toBe(text);
    expect(again.states).toEqual(plan.states);
  });

  it("is exported for wg-quick", async () => {
    for (const { node, interface: each, text } of wgQuickFiles(plan, secrets)) {
      await expect(text).toMatchFileSnapshot(join(folder, "wg-quick", node, `${each}.conf`));
    }
  });

  it.runIf(EXPORTED.has(name)).each(Object.entries(EXPORTERS))(
    "is exported for %s",
    async (target, exporter) => {
      const made = golden(name);
      for (const state of made.plan.states) {
        for (const file of exporter(madeBy(made.plan), state, made.secrets).files) {
          await expect(file.text).toMatchFileSnapshot(join(folder, target, state.node, file.name));
        }
      }
    },
  );
});
