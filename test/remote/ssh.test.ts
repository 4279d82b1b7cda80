// plan, apply and down over a real sshd: what is asked of the machines, what comes of it, and what is said when they cannot be reached.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openNetwork, readNetwork } from "../../src/files/network.ts";
import type { Outcome } from "../support/cli.ts";
import {
  DIRECT,
  kernelLane,
  MACHINES,
  rootIs,
  startSshd,
  STOP_SSHD,
  THROUGH,
  withRemotes,
  type Remotes,
} from "../support/sshd.ts";

const EVERYWHERE = { a: 1, b: 1, c: 1 };

const minus = (after: Record<string, number>, before: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - before[name]!]));

/** What a command logged in for, a machine. */
async function loginsOf(
  remotes: Remotes,
  verb: string,
  ...argv: string[]
): Promise<[Outcome, Record<string, number>]> {
  const before = remotes.logins();
  const outcome = await remotes.tofro(verb, ...argv);
  return [outcome, minus(remotes.logins(), before)];
}

const PATIENCE = { timeout: kernelLane ? 900_000 : 300_000 };

describe.concurrent("over ssh", PATIENCE, () => {
  it("comes from nothing to the plan, to another plan, and leaves without a trace", async () => {
    await withRemotes(THROUGH, async (remotes) => {
      const before = await remotes.settled();
      const [seen, asked] = await loginsOf(remotes, "plan", "--json");
      expect({ code: seen.code, asked, now: await remotes.settled() }).toEqual({
        code: 3,
        asked: EVERYWHERE,
        now: before,
      });
      expect(JSON.parse(seen.stdout)).toMatchObject({
        machines: MACHINES.map((node) => ({ node, isDone: false })),
        leftOut: [],
      });

      const [applied, logins] = await loginsOf(remotes, "apply", "--json");
      expect({ code: applied.code, value: JSON.parse(applied.stdout) as unknown }).toEqual({
        code: 0,
        value: { changed: ["a", "b", "c"], unchanged: [], leftOut: [] },
      });
      // One that all steps share, one to see whether anybody can still log in, and one that pings where a line begins.
      expect(logins).toEqual({ a: 3, b: 2, c: 3 });
      const through = await remotes.settled();
      expect(through).not.toEqual(before);

      const [again, few] = await loginsOf(remotes, "apply");
      expect({ ...again, few, now: await remotes.settled() }).toEqual({
        code: 0,
        stdout: "a: nothing to do\nb: nothing to do\nc: nothing to do\n",
        stderr: expect.not.stringContaining("arming") as string,
        few: EVERYWHERE,
        now: through,
      });

      remotes.network(DIRECT);
      expect((await remotes.tofro("apply")).code).toBe(0);
      expect(await remotes.settled()).not.toEqual(through);
      expect(await remotes.tofro("plan")).toMatchObject({ code: 0 });
      remotes.network(THROUGH);
      expect((await remotes.tofro("apply")).code).toBe(0);
      // Forwarding at c was for the other plan alone; nothing of it is left, for the next boot either.
      expect(await remotes.settled()).toEqual(through);
      expect(await remotes.tofro("plan")).toMatchObject({ code: 0 });

      await noSecrets(remotes);
      expect(await remotes.tofro("down")).toMatchObject({ code: 0 });
      expect(await remotes.settled()).toEqual(before);
    });
  });
});

describe.concurrent("machines of other people", PATIENCE, () => {
  it("may have login shells that talk and are not sh, and users that are not root", async () => {
    await withRemotes(THROUGH, async (remotes) => {
      const { folder, sh } = remotes;
      const home = join(folder, "there");
      mkdirSync(join(home, ".config", "fish"), { recursive: true });
      for (const file of [".bashrc", ".cshrc", ".config/fish/config.fish"]) {
        writeFileSync(join(home, file), "echo '== root'\necho 1000\nprintf 'no newline'\n");
      }
      await sh("a", USER_NINA + `chmod 755 ${folder}`);
      await sh("b", rootIs(home, "/bin/csh"));
      await sh("c", rootIs(home, "/usr/bin/fish"));
      const config = join(folder, "home", ".ssh", "config");
      writeFileSync(config, `Host box-a\n  User nina\n${readFileSync(config, "utf8")}`);

      const before = await remotes.settled();
      const refused = await remotes.tofro("apply");
      expect(refused).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("Cannot use a: its user nina is not root and `sudo -n`") as string,
      });
      expect(await remotes.settled()).toEqual(before);
      await sh(
        "a",
        "echo 'nina ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/nina; chmod 440 /etc/sudoers.d/nina",
      );
      expect(await remotes.tofro("apply")).toMatchObject({ code: 0 });
      expect(await remotes.tofro("plan")).toMatchObject({ code: 0 });
      expect(await remotes.tofro("down")).toMatchObject({ code: 0 });
      expect(await remotes.settled()).toEqual(before);
      await sh("b", rootIs(home, "/usr/sbin/nologin"));
      expect((await remotes.tofro("plan")).stderr).toContain(
        "Cannot reach b by ssh: its login shell does not run commands: This account is currently not available.",
      );
    });
  });

  it("are named when they cannot be reached, with what to do; nothing is changed anywhere", async () => {
    await withRemotes(THROUGH, async (remotes) => {
      const { folder, sh } = remotes;
      const before = await remotes.settled();
      const dotSsh = join(folder, "home", ".ssh");
      const [config, known] = ["config", "known_hosts"].map((name) =>
        readFileSync(join(dotSsh, name), "utf8"),
      );
      const fails = async (words: string): Promise<void> => {
        const { code, stdout, stderr } = await remotes.tofro("apply");
        expect({ code, stdout, stderr }).toEqual({
          code: 1,
          stdout: "",
          stderr: expect.stringMatching(
            new RegExp(`^tofro: Cannot reach b by ssh: .*${words}`, "m"),
          ) as string,
        });
        expect(stderr).toContain("Nothing was changed: 1 of 3 machines cannot be used (--partial");
        writeFileSync(join(dotSsh, "config"), config!);
        writeFileSync(join(dotSsh, "known_hosts"), known!);
      };
      const lines = known!.split("\n");
      writeFileSync(join(dotSsh, "known_hosts"), lines.filter((line) => !line.includes(".2 ")).join("\n"));
      await fails("host key is not known here: `ssh box-b` once");
      const [, keyOfA = ""] = /^198.51.100.1 (.*)$/m.exec(known!) ?? [];
      writeFileSync(
        join(dotSsh, "known_hosts"),
        known!.replace(/^198.51.100.2 .*$/m, `198.51.100.2 ${keyOfA}`),
      );
      await fails("host key is not the one in known_hosts");
      writeFileSync(join(dotSsh, "config"), `Host box-b\n  PubkeyAuthentication no\n${config}`);
      await fails("takes none of your keys: `ssh -o BatchMode=yes box-b true`");
      remotes.network(THROUGH, { b: "ssh: box-x.invalid" });
      await fails('there is no host "box-x.invalid"');
      remotes.network(THROUGH);
      await sh("b", STOP_SSHD);
      await fails("Connection refused");

      // a and c alone: c's packets to a need not arrive, for the way back leads through b.
      const partly = await remotes.tofro("apply", "--partial", "--json");
      expect({ code: partly.code, value: JSON.parse(partly.stdout) as unknown }).toEqual({
        code: 1,
        value: { changed: ["a", "c"], unchanged: [], leftOut: ["b"] },
      });
      expect(await remotes.tofro("plan", "--partial")).toMatchObject({ code: 1 });
      await sh("b", startSshd(folder, "b"));
      const rest = await remotes.tofro("apply");
      expect(rest).toMatchObject({ code: 0, stdout: expect.stringMatching(/^done: b$/m) as string });
      expect(await remotes.tofro("down")).toMatchObject({ code: 0 });
      expect(await remotes.settled()).toEqual(before);
    });
  });

  it("may be this machine, with the others behind ssh", async () => {
    await withRemotes(THROUGH, async (remotes) => {
      const before = await remotes.settled();
      await remotes.sh("a", rootIs(join(remotes.folder, "home"), "/bin/sh"));
      remotes.network(THROUGH, { a: "mtu: 1400" });
      const here = (verb: string): Promise<Outcome> => remotes.startAt("a", verb).done;
      const logins = remotes.logins();
      expect(await here("apply")).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^done: a, b, c$/m) as string,
      });
      expect(minus(remotes.logins(), logins)).toEqual({ a: 0, b: 2, c: 3 });
      expect(await here("plan")).toMatchObject({ code: 0 });
      expect(await here("down")).toMatchObject({ code: 0 });
      expect(await remotes.settled()).toEqual(before);
    });
  });
});

const USER_NINA = `echo nina:x:4321:4321::/nowhere:/bin/bash >>/etc/passwd
echo 'nina:*:1::::::' >>/etc/shadow
`;

/** No key of the network stands in an sshd's log, or where others than root may read. */
async function noSecrets(remotes: Remotes): Promise<void> {
  const { secrets } = await openNetwork(await readNetwork(join(remotes.folder, "net.yaml")));
  const keys = [...secrets.privateKeys.values(), ...secrets.presharedKeys.values()];
  expect(keys).toHaveLength(6);
  for (const name of MACHINES) {
    const readable = await remotes.sh(
      name,
      `find /etc/tofro /run/tofro -perm /044 -type f; stat -c %a /etc/tofro /run/tofro`,
    );
    expect(readable).toBe("700\n700\n");
    const log = readFileSync(join(remotes.folder, `sshd-${name}.log`), "utf8");
    expect(keys.filter((key) => log.includes(key))).toEqual([]);
  }
}
