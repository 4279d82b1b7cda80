// What goes wrong on a machine, or on the way to it, while an apply is under way: every machine is as before, and says why.
import { describe, expect, it } from "vitest";
import { kernelLane, startSshd, STOP_SSHD, THROUGH, withRemotes, type Remotes } from "../support/sshd.ts";

/** Emulated processors need longer for everything. */
const times = (seconds: number): string => String(kernelLane ? seconds * 10 : seconds);
const BACK = "Nothing was applied. a, b, c: as before.";

/** A command of b that fails when a shell pattern fits its arguments; the real one otherwise. */
const faked = (path: string, pattern: string, why: string): Fault => ({
  breaks: `mkdir -p /run/real /run/fake; cp ${path} /run/real/
    cat >/run/fake/it <<'FAKE'
#!/bin/sh
case "$*" in ${pattern}) echo '${why}' >&2; exit 1;; esac
exec /run/real/${path.split("/").at(-1)} "$@"
FAKE
    chmod 755 /run/fake/it; mount --bind /run/fake/it ${path}`,
  mends: `umount ${path}; rm -rf /run/real /run/fake`,
  says: why,
});

interface Fault {
  readonly breaks: string;
  readonly mends: string;
  /** Words of the error. */
  readonly says: string;
  /** Exit code when not 1. */
  readonly code?: number;
  readonly states?: string;
}

const FULL = "dd if=/dev/zero bs=4k 2>/dev/null";
const FORWARD = "/proc/sys/net/ipv4/ip_forward";
const AT_B: Readonly<Record<string, Fault>> = {
  "a full disk": {
    breaks: `mkdir /run/disk; mount -t tmpfs -o size=64m disk /run/disk; cp -a /etc/. /run/disk
      ${FULL} of=/run/disk/fill || true; mount --bind /run/disk /etc`,
    mends: "umount /etc /run/disk; rmdir /run/disk",
    says: "Cannot apply on b: cp: .*No space left on device",
  },
  "an /etc that is read-only": {
    breaks: "mount --bind /etc /etc; mount -o remount,bind,ro /etc",
    mends: "umount /etc",
    says: "Cannot apply on b: cp: .*Read-only file system",
  },
  "a full /run": {
    breaks: `mount -t tmpfs -o size=8k run /run/tofro; ${FULL} of=/run/tofro/fill || true`,
    mends: "umount /run/tofro",
    says: "Cannot apply on b: .*No space left on device",
  },
  "a wg that refuses": faked("/usr/bin/wg", "set*", "Unable to modify interface: Operation not supported"),
  "an ip that refuses in the middle": faked(
    "/usr/sbin/ip",
    "'route replace '*",
    "RTNETLINK answers: no such thing",
  ),
  "an nft without what the plan needs": {
    ...faked("/usr/sbin/nft", "'-f -'", "Error: syntax error"),
    says: "Cannot set b up: its nftables does not take the plan's table",
    code: 2,
    states: "Nothing was changed: 1 of 3 machines",
  },
  "a sysctl that is read-only": {
    breaks: `mount --bind ${FORWARD} ${FORWARD}; mount -o remount,bind,ro ${FORWARD}`,
    mends: `umount ${FORWARD}`,
    says: "Cannot apply on b: sysctl: (permission denied|.*Read-only)",
  },
  "a firewall that drops the tunnels' ports": {
    breaks: `nft 'table inet wall { chain input { type filter hook input priority 0; udp dport 51820-51830 drop; }; }'`,
    mends: "nft delete table inet wall",
    says: "a -> b -> c: no answer from 192.168.51.3\\n(.*\\n)*No handshake on a - b, b - c: .* `tofro doctor`",
  },
};

const KILL_WATCHER = "for each in $(pgrep -f '^sh /run/tofro/apply/watch'); do kill -9 $each; done\n";
const CUT =
  "nft 'table inet cut { chain input { type filter hook input priority 0; tcp dport 22 drop; }; }'\n";
const MENDED = "nft delete table inet cut\n";

/** All that lived in memory is gone; nothing of tofro was there at the last boot. */
const RESTART = `${STOP_SSHD}${KILL_WATCHER}
for each in $(pgrep -x wireguard-go); do kill -9 $each; done
for each in $(wg show interfaces); do ip link del $each; done
nft delete table inet tofro
sysctl -qw net.ipv4.ip_forward=0
rm -rf /run/tofro
`;

const failsAs =
  (remotes: Remotes, ...patterns: string[]) =>
  async (outcome: { code: number; stderr: string }) => {
    expect({ code: outcome.code, stderr: outcome.stderr }).toEqual({ code: 1, stderr: outcome.stderr });
    for (const each of patterns) expect(outcome.stderr).toMatch(new RegExp(each));
    return remotes.settled();
  };

describe.concurrent("every machine is as before", { timeout: kernelLane ? 900_000 : 300_000 }, () => {
  it("when one cannot do what it is told", async () => {
    await withRemotes(THROUGH, async (remotes) => {
      const before = await remotes.settled();
      for (const [name, { breaks, mends, says, code = 1, states = BACK }] of Object.entries(AT_B)) {
        await remotes.sh("b", breaks);
        const { stderr, ...outcome } = await remotes.tofro("apply", "--timeout", times(20));
        await remotes.sh("b", mends);
        expect({ name, code: outcome.code, stderr }).toEqual({
          name,
          code,
          stderr: expect.stringMatching(new RegExp(says)) as string,
        });
        expect({ name, stderr }).toEqual({ name, stderr: expect.stringContaining(states) as string });
        expect({ name, now: await remotes.settled() }).toEqual({ name, now: before });
      }
      expect(await remotes.tofro("apply")).toMatchObject({ code: 0 });
      expect(await remotes.tofro("down")).toMatchObject({ code: 0 });
      expect(await remotes.settled()).toEqual(before);
    });
  });

  it("when a machine restarts or loses its watcher, or the operator says stop", async () => {
    await withRemotes(THROUGH, async (remotes) => {
      const before = await remotes.settled();
      const { sh, folder } = remotes;

      const restarted = remotes.start("apply", "--timeout", times(10));
      await restarted.says("adding");
      restarted.signal("SIGSTOP");
      await sh("b", `${RESTART}${startSshd(folder, "b")}`);
      restarted.signal("SIGCONT");
      expect(await failsAs(remotes, "a, .*c: as before")(await restarted.done)).toEqual(before);

      const unwatched = remotes.start("apply", "--timeout", times(20));
      await unwatched.says("looking again");
      unwatched.signal("SIGSTOP");
      await sh("b", KILL_WATCHER);
      unwatched.signal("SIGCONT");
      const killed = "what watches over its way back was killed\\n";
      expect(await failsAs(remotes, killed + BACK)(await unwatched.done)).toEqual(before);

      for (const signal of ["SIGINT", "SIGHUP"] as const) {
        const stopped = remotes.start("apply", "--timeout", times(20));
        await stopped.says("adding");
        stopped.signal(signal);
        expect(await failsAs(remotes, `Interrupted\\n${BACK}`)(await stopped.done)).toEqual(before);
      }
    });
  });

  it("when the operator's machine sleeps, when another apply is under way, and when nobody is left", async () => {
    await withRemotes(THROUGH, async (remotes) => {
      const { sh } = remotes;
      const before = await remotes.settled();
      const asleep = remotes.start("apply", "--timeout", times(5));
      await asleep.says("adding");
      asleep.signal("SIGSTOP");
      await remotes.unlocked("a", "b", "c");
      asleep.signal("SIGCONT");
      const late = "the machine went back by itself: its time was over\\n";
      expect(await failsAs(remotes, late + BACK)(await asleep.done)).toEqual(before);

      const first = remotes.start("apply");
      await first.says("adding");
      first.signal("SIGSTOP");
      const second = await remotes.tofro("apply");
      first.signal("SIGCONT");
      expect(second).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /Cannot apply on a: another apply is under way there: root@op, process \d+, since 20\S+Z\nNothing was applied[.]\n/,
        ) as string,
      });
      expect(await first.done).toMatchObject({ code: 0 });
      expect(await remotes.tofro("plan")).toMatchObject({ code: 0 });
      expect(await remotes.tofro("down")).toMatchObject({ code: 0 });

      // Nobody is left to go back: the next apply does it first.
      const lost = remotes.start("apply");
      await lost.says("checking");
      lost.signal("SIGKILL");
      for (const each of ["a", "b", "c"]) await sh(each, KILL_WATCHER);
      const next = await remotes.tofro("apply");
      expect(next).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(/has changed in the meantime[^]*untouched[.]/) as string,
      });
      expect(await remotes.tofro("plan")).toMatchObject({ code: 0 });
    });
  });

  it("when the way to one is cut, by others or by the plan itself", async () => {
    await withRemotes(THROUGH, async (remotes) => {
      const { sh } = remotes;
      const before = await remotes.settled();
      for (const step of ["adding", "checking"]) {
        const cut = remotes.start("apply", "--timeout", times(8));
        await cut.says(step);
        await sh("b", CUT);
        const { code, stderr } = await cut.done;
        await remotes.unlocked("a", "b", "c");
        await sh("b", MENDED);
        expect({ step, code, stderr }).toEqual({
          step,
          code: 1,
          stderr: expect.stringMatching(/Nothing was applied[.] .*a, c: as before[.]/) as string,
        });
        expect(stderr).toMatch(/b: cannot be told; what began there goes back by itself within \d+ s[.]/);
        expect({ step, now: await remotes.settled() }).toEqual({ step, now: before });
      }

      // b's answers to the operator go into a tunnel, whose other end does not let them in.
      const operator = (
        await sh("op.nat", "ip -4 -o address show dev u-b | sed 's/.*inet \\([0-9.]*\\).*/\\1/'")
      ).trim();
      await sh("b", `ip route del ${operator}; ip route add ${operator}/30 dev u-op`);
      const here = await remotes.settled();
      remotes.network("[a <-> c, c <-> b]", { c: `ssh: box-c, prefixes: ${operator}/32` });
      const suicidal = await remotes.tofro("apply", "--node", "b", "c", "--timeout", times(8));
      expect(suicidal).toMatchObject({ code: 1 });
      expect(await remotes.settled()).toEqual(here);
    });
  });
});
