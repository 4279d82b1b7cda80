// Nodes that keep their private key to themselves: made there, adopted, renewed, and as before when an apply fails.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseLock } from "../../src/core/lock-text.ts";
import { generatePrivateKey, publicKeyOf } from "../../src/files/keys.ts";
import type { Host } from "../../src/linux/command.ts";
import { tofro } from "../support/cli.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { BRIEF, PATIENCE, PATIENT } from "../support/patience.ts";
import { snapshotAll } from "../support/snapshot.ts";

//  a ──> b ──> c    a is behind NAT, and nobody but a has a's private key.
//  ^───────────┘
const network = (key: string): string => `overlay: 10.67.0.0/24
nodes:
  a: { public_key: ${key} }
  b: { endpoint: 198.51.100.2 }
  c: { endpoint: 198.51.100.3 }
paths:
  - a -> b -> c
  - c -> a
`;
const BARE = { bare: true };
const KEY = "/etc/tofro/private.key";

const sh = async (host: Host, script: string, input?: string): Promise<string> =>
  (
    await host.run(["sh", "-ec", script], {
      timeoutMs: 30_000 * PATIENCE,
      ...(input === undefined ? {} : { input }),
    })
  ).stdout;

/** A public key of a node, as its machine's file, its interfaces, the lock and the peers know it. */
async function keysOf(lab: TestLab, folder: string): Promise<Record<string, string>> {
  const [a, c] = [await lab.host("a"), await lab.host("c")];
  const { lock } = parseLock(readFileSync(join(folder, "tofro.lock"), "utf8"), "tofro.lock");
  const { nodes } = JSON.parse((await tofro("keys", "list", "--json", "--lab", lab.name)).stdout);
  return {
    file: (await sh(a, `[ ! -e ${KEY} ] || wg pubkey <${KEY}`)).trim(),
    interfaces: (await sh(a, "wg show all public-key | cut -f2 | sort -u")).trim(),
    peer: (await sh(c, "wg show wg-a peers 2>/dev/null || true")).trim(),
    lock: lock.nodes.get("a")?.publicKey ?? "",
    listed: nodes[0].publicKey ?? "",
  };
}

const all = (key: string): Record<string, string> => ({
  file: key,
  interfaces: key,
  peer: key,
  lock: key,
  listed: key,
});

/** `wg set` fails on c, so that an apply that changes tunnels there fails in the middle. */
const BREAK = `mkdir -p /run/broken; cp /usr/bin/wg /run/broken/real
printf '#!/bin/sh\\n[ "$1" != set ] || { echo "wg is broken" >&2; exit 1; }\\nexec /run/broken/real "$@"\\n' >/run/broken/wg
chmod 755 /run/broken/wg; mount --bind /run/broken/wg /usr/bin/wg`;
const MEND = "umount /usr/bin/wg; rm -r /run/broken";

const slow = it.skipIf(BRIEF);

describe("public_key: node", () => {
  slow("is made on the node by the first apply, and leaves no trace when that fails", async () => {
    await withLab(network("node"), BARE, async (lab, folder) => {
      const before = await snapshotAll(lab);
      const plan = await tofro("plan", "--lab", lab.name);
      expect(plan).toMatchObject({
        code: 3,
        stdout: expect.stringContaining("apply first makes a private key here"),
      });
      expect(await snapshotAll(lab)).toEqual(before);
      const exported = await tofro("export", "wg-quick", "--lab", lab.name, "-o", join(folder, "out"));
      expect(exported).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("a keeps its private key to itself"),
      });

      const c = await lab.host("c");
      await sh(c, BREAK);
      const failed = await tofro("apply", ...PATIENT, "--lab", lab.name);
      expect(failed).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("a, b, c: as before."),
      });
      await sh(c, MEND);
      expect(await snapshotAll(lab)).toEqual(before);
      expect(await keysOf(lab, folder)).toEqual(all(""));

      const unreachable = await tofro("apply", ...PATIENT, "--lab", lab.name, "--node", "b", "c");
      expect(unreachable).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("a makes its key in the first apply"),
      });

      expect(await tofro("apply", ...PATIENT, "--lab", lab.name)).toMatchObject({ code: 0 });
      const { file: key } = await keysOf(lab, folder);
      expect(key).toMatch(/^[A-Za-z0-9+/]{43}=$/);
      expect(await keysOf(lab, folder)).toEqual(all(key!));
      const a = await lab.host("a");
      expect((await sh(a, `stat -c %a ${KEY} /etc/tofro`)).split("\n")).toEqual(["600", "700", ""]);
      expect(readFileSync(join(folder, "tofro.secrets"), "utf8")).not.toContain(
        (await sh(a, `cat ${KEY}`)).trim(),
      );
      expect(await tofro("plan", "--lab", lab.name)).toMatchObject({ code: 0 });
      expect((await tofro("apply", ...PATIENT, "--lab", lab.name)).stderr).not.toContain("makes");
      expect(await tofro("export", "wg-quick", "--lab", lab.name, "-o", join(folder, "out"))).toMatchObject({
        code: 0,
      });

      const down = await tofro("down", "--lab", lab.name);
      expect({ code: down.code, now: await snapshotAll(lab) }).toEqual({ code: 0, now: before });
      // The machine was made anew: it makes a new key, and everybody learns it in the same apply.
      const again = await tofro("apply", ...PATIENT, "--lab", lab.name);
      expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("a: makes its private key") });
      const { file: second } = await keysOf(lab, folder);
      expect(second).not.toBe(key);
      expect(await keysOf(lab, folder)).toEqual(all(second!));
    });
  });

  it("is renewed by the apply behind `keys rotate`; a failed one leaves the old key, and a repeat succeeds", async () => {
    await withLab(network("node"), BARE, async (lab, folder) => {
      expect(await tofro("apply", ...PATIENT, "--lab", lab.name)).toMatchObject({ code: 0 });
      const { file: old } = await keysOf(lab, folder);
      const rotated = await tofro("keys", "rotate", "a", "--json", "--lab", lab.name);
      expect(JSON.parse(rotated.stdout)).toEqual({ rotated: [], renewedByApply: ["a"], keptByNode: [] });
      expect((await tofro("keys", "list", "--lab", lab.name)).stdout).toContain(
        "the next apply makes a new one",
      );
      expect(await tofro("plan", "--lab", lab.name)).toMatchObject({
        code: 3,
        stdout: expect.stringContaining("apply first makes a private key here"),
      });

      const before = await snapshotAll(lab);
      const c = await lab.host("c");
      await sh(c, BREAK);
      const failed = await tofro("apply", ...PATIENT, "--lab", lab.name);
      expect(failed).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("a, b, c: as before."),
      });
      await sh(c, MEND);
      expect(await snapshotAll(lab)).toEqual(before);
      expect(await keysOf(lab, folder)).toEqual(all(old!));
      await sh(await lab.host("a"), `ping -c 1 -w ${15 * PATIENCE} 10.67.0.3`);

      expect(await tofro("apply", ...PATIENT, "--lab", lab.name)).toMatchObject({ code: 0 });
      const { file: renewed } = await keysOf(lab, folder);
      expect(renewed).not.toBe(old);
      expect(await keysOf(lab, folder)).toEqual(all(renewed!));
      expect((await tofro("keys", "list", "--lab", lab.name)).stdout).not.toContain("makes a new one");
      expect(await tofro("plan", "--lab", lab.name)).toMatchObject({ code: 0 });
    });
  });

  slow("adopts a key that is there already, and one that came from the secrets before", async () => {
    await withLab(network("node"), BARE, async (lab, folder) => {
      const a = await lab.host("a");
      await sh(a, `mkdir -m 700 /etc/tofro; umask 077; wg genkey >${KEY}`);
      const key = (await sh(a, `wg pubkey <${KEY}`)).trim();
      expect(await tofro("apply", ...PATIENT, "--lab", lab.name)).toMatchObject({ code: 0 });
      expect(await keysOf(lab, folder)).toEqual(all(key));

      writeFileSync(join(folder, "tofro.yaml"), network("node").replace("b: {", "b: { public_key: node,"));
      const b = await lab.host("b");
      const ofB = await sh(b, `cat ${KEY}`);
      expect(await tofro("plan", "--lab", lab.name)).toMatchObject({ code: 0 });
      expect((await tofro("keys", "list", "--lab", lab.name)).stdout).toMatch(/^b .*on the node/m);
      expect(await tofro("keys", "rotate", "--lab", lab.name)).toMatchObject({ code: 0 });
      expect(await tofro("apply", ...PATIENT, "--lab", lab.name)).toMatchObject({ code: 0 });
      expect(await sh(b, `cat ${KEY}`)).not.toBe(ofB);
      // Nothing is left of the copy that the secrets had.
      expect(readFileSync(join(folder, "tofro.secrets"), "utf8")).toMatch(
        /^private_keys:\n {2}c: \S+\npreshared/m,
      );
    });
  });
});

describe("public_key: <base64>", () => {
  slow("wants the private key on the node, survives a failed change of it, and stays behind", async () => {
    const [first, second] = [generatePrivateKey(), generatePrivateKey()];
    const [key, next] = [publicKeyOf(first), publicKeyOf(second)];
    await withLab(network(key), BARE, async (lab, folder) => {
      const [a, c] = [await lab.host("a"), await lab.host("c")];
      const before = await snapshotAll(lab);
      const put = (text: string): Promise<string> =>
        sh(a, `mkdir -p -m 700 /etc/tofro; umask 077; cat >${KEY}`, `${text}\n`);
      for (const verb of ["plan", "apply"]) {
        const refused = await tofro(verb, ...(verb === "apply" ? PATIENT : []), "--lab", lab.name);
        expect(refused).toMatchObject({
          code: 2,
          stderr: expect.stringContaining(`a up: it has no private key in ${KEY}`),
        });
      }
      expect(await snapshotAll(lab)).toEqual(before);
      await put(second);
      expect(await tofro("apply", ...PATIENT, "--lab", lab.name)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("it has another private key"),
      });
      await put(first);
      expect(await tofro("apply", ...PATIENT, "--lab", lab.name)).toMatchObject({ code: 0 });
      expect(await keysOf(lab, folder)).toEqual(all(key));

      await put(second);
      writeFileSync(join(folder, "tofro.yaml"), network(next));
      await sh(c, BREAK);
      expect(await tofro("apply", ...PATIENT, "--lab", lab.name)).toMatchObject({ code: 1 });
      await sh(c, MEND);
      // What is in use is the old one again; the file is as the user left it.
      expect(await keysOf(lab, folder)).toMatchObject({ file: next, interfaces: key, peer: key });
      await sh(a, `ping -c 1 -w ${15 * PATIENCE} 10.67.0.3`);
      expect(await tofro("apply", ...PATIENT, "--lab", lab.name)).toMatchObject({ code: 0 });
      expect(await keysOf(lab, folder)).toEqual(all(next));

      expect(await tofro("down", "--lab", lab.name)).toMatchObject({ code: 0 });
      expect(await sh(a, "find /etc/tofro -mindepth 1; stat -c %a /etc/tofro/private.key")).toBe(
        `${KEY}\n600\n`,
      );
      expect((await tofro("down", "--lab", lab.name)).stdout).not.toMatch(/^ /m);
    });
  });
});
