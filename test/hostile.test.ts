// What tired, hurried or hostile hands write into the three files, and what must come of it.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { check, type CheckResult } from "../src/core/check/check.ts";
import { TofroError, type Diagnostic } from "../src/core/error.ts";
import { parse } from "../src/core/parse.ts";
import { compile } from "../src/core/plan.ts";
import { readNetwork, settle } from "../src/files/network.ts";

function checked(text: string): CheckResult & { readonly warnings: readonly Diagnostic[] } {
  const { spec, diagnostics } = parse(text, "tofro.yaml");
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return { ...check(spec!, compile(spec!).states), warnings: diagnostics };
}
const codes = ({ diagnostics }: CheckResult): string[] => diagnostics.map(({ code }) => code);

describe("check", () => {
  it("sees that an endpoint behind its own node's prefix would swallow the tunnel's packets", () => {
    const text =
      "overlay: 10.44.0.0/24\nnodes:\n  a: {}\n  b: { endpoint: 203.0.113.2, prefixes: 203.0.113.0/24 }\npaths: [a <-> b]\n";
    const result = checked(text);
    expect(result.ok).toBe(false);
    expect(result.directions[0]?.broken?.message).toContain("would go into wg-b");
  });

  it("sees two tunnels that are dialled at one place: overlapping ports, a forwarder on a WireGuard port", () => {
    const ports =
      "overlay: 10.44.0.0/24\nnodes:\n  a: {}\n  b: { endpoint: '1.2.3.4:51820' }\n  c: { endpoint: '1.2.3.4:51821' }\n  d: {}\npaths: [all <=> all]\n";
    expect(codes(checked(ports))).toContain("shared-endpoint");
    const forwarder =
      "overlay: 10.44.0.0/24\nnodes:\n  a: {}\n  c: { endpoint: 198.51.100.2 }\nforwarders:\n  f: { listen: '198.51.100.2:51820', to: c }\npaths:\n  - a -[f]-> c\n  - c -> a\n";
    expect(codes(checked(forwarder))).toContain("shared-endpoint");
  });

  it("does not call a network sound in which nobody can be dialled", () => {
    const result = checked("overlay: 10.44.0.0/24\nnodes:\n  a: {}\n  b: {}\npaths: [all <=> all]\n");
    expect(result.ok).toBe(false);
    expect(result.diagnostics.map(({ at }) => at.line)).toEqual([3, 4]);
    expect(result.diagnostics[0]?.message).toContain("can be dialled");
  });

  it("lets the limits of an `all` line hold where they can, and keeps the other pairs", () => {
    const limited =
      "overlay: 10.44.0.0/24\nnodes:\n  a: {}\n  b: {}\n  c: { endpoint: 1.2.3.4 }\npaths:\n  - { path: all => all, max_hops: 1 }\n";
    expect(checked(limited)).toMatchObject({ ok: true });
    // An explicit line means what it says.
    const explicit = limited.replace("all => all", "a => b").concat("  - a <-> c\n  - b <-> c\n");
    expect(parse(explicit, "tofro.yaml").diagnostics).toMatchObject([{ code: "no-candidate" }]);
  });
});

describe("parse", () => {
  it("warns of a forwarder that two lines would dial from different nodes", () => {
    const text =
      "overlay: 10.44.0.0/24\nnodes:\n  a: {}\n  d: {}\n  c: { endpoint: 1.2.3.4 }\nforwarders:\n  f: { listen: '5.6.7.8:1000', to: c }\npaths:\n  - { path: a => c, via: [f] }\n  - { path: d => c, via: [f] }\n";
    expect(checked(text).warnings.map(({ code }) => code)).toEqual(["unused-forwarder"]);
  });

  it.each(["127.0.0.0/8", "224.0.0.0/4", "169.254.0.0/16"])("refuses %s behind a node", (prefix) => {
    const text = `overlay: 10.44.0.0/24\nnodes:\n  a: { prefixes: ${prefix} }\n  b: { endpoint: 1.2.3.4 }\npaths: [a <-> b]\n`;
    expect(parse(text, "tofro.yaml").diagnostics).toMatchObject([
      { code: "unfit-prefix", at: { line: 3, column: 18 } },
    ]);
  });
});

describe("lock and secrets", () => {
  let folder: string;
  let file: string;
  const NETWORK =
    "overlay: 10.44.0.0/24\nnodes:\n  a: {}\n  b: { endpoint: 198.51.100.1 }\n  c: { endpoint: 198.51.100.2 }\npaths:\n  - a -> b -> c\n  - c -> a\n";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tofro-hostile-"));
    file = join(folder, "net.yaml");
    writeFileSync(file, NETWORK);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const text = (name: string): string => readFileSync(join(folder, name), "utf8");
  const write = (name: string, content: string): void => {
    writeFileSync(join(folder, name), content);
    if (name.endsWith(".secrets")) chmodSync(join(folder, name), 0o600);
  };
  async function mistakes(): Promise<Diagnostic[]> {
    try {
      await readNetwork(file);
      return [];
    } catch (error) {
      if (error instanceof TofroError && error.detail.kind === "input") return [...error.detail.diagnostics];
      throw error;
    }
  }

  it("keeps all keys when nodes change places, or are away for a while", async () => {
    await settle(await readNetwork(file));
    const [secrets, lock] = [text("net.secrets"), text("net.lock")];
    write("net.yaml", NETWORK.replace("  a: {}\n", "").replace("paths:", "  a: {}\npaths:"));
    const { network } = await settle(await readNetwork(file));
    for (const key of secrets.match(/[A-Za-z0-9+/]{43}=/g)!) expect(text("net.secrets")).toContain(key);
    expect(network.secrets.presharedKeys.size).toBe(3);
    write(
      "net.yaml",
      NETWORK.replace("  - a -> b -> c\n  - c -> a\n", "  - b <-> c\n").replace("  a: {}\n", ""),
    );
    await settle(await readNetwork(file));
    write("net.yaml", NETWORK);
    await settle(await readNetwork(file));
    for (const key of secrets.match(/[A-Za-z0-9+/]{43}=/g)!) expect(text("net.secrets")).toContain(key);
    for (const key of lock.match(/[A-Za-z0-9+/]{43}=/g)!) expect(text("net.lock")).toContain(key);
  });

  it.each([
    ["a path", "wg-b", "../../../evil", "must be an interface name"],
    ["a shell command", "wg-b", '"wg;id>pwned"', "must be an interface name"],
    ["a name that stands there twice", "name: wg-c", "name: wg-b", "an interface name twice"],
    ["a port that stands there twice", "port: 51821", "port: 51820", "a port twice"],
    ["a port that is none", "port: 51820", "port: 99999", "must be a port"],
    ["no address", "10.44.0.1", "10.44.0.300", "must be an IP address"],
  ])("refuses %s in the lock, with the line", async (_, from, to, message) => {
    await settle(await readNetwork(file));
    write("net.lock", text("net.lock").replace(from, to));
    const [found] = await mistakes();
    expect(found?.message).toContain(message);
    expect(found?.at.file).toBe(join(folder, "net.lock"));
    expect(found?.at.line).toBeGreaterThan(3);
  });

  it("says that a lock has a merge conflict, and where", async () => {
    await settle(await readNetwork(file));
    const lines = text("net.lock").split("\n");
    write("net.lock", [...lines.slice(0, 5), "<<<<<<< ours", ...lines.slice(5)].join("\n"));
    expect(await mistakes()).toMatchObject([
      { message: expect.stringContaining("merge conflict"), at: { line: 6 } },
    ]);
  });

  it("does not change a node's identity because the secrets did", async () => {
    await settle(await readNetwork(file));
    const keys = text("net.secrets").match(/[A-Za-z0-9+/]{43}=/g)!;
    write("net.secrets", text("net.secrets").replace(keys[0], keys[1]!));
    const found = await mistakes();
    expect(found.map(({ code }) => code).sort()).toEqual(["duplicate-key", "key-changed"]);
    for (const key of keys) expect(JSON.stringify(found)).not.toContain(key);
  });

  it("makes preshared keys anew when their section is gone", async () => {
    await settle(await readNetwork(file));
    write("net.secrets", text("net.secrets").replace(/preshared_keys:[\s\S]*/, ""));
    const { network } = await settle(await readNetwork(file));
    expect(network.secrets.presharedKeys.size).toBe(3);
  });
});
