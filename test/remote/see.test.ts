// measure, trace, status and capture over a real sshd: they see both directions, and leave nothing on the machines.
import { describe, expect, it } from "vitest";
import { kernelLane, THROUGH, withRemotes, type Remotes } from "../support/sshd.ts";

/** What is of a measurement or its counters: files, rules, tables, processes. */
const LEFT = `ls -d /run/tofro/probe* 2>/dev/null
ip rule show | grep '^11500:'
ip -6 rule show | grep '^11500:'
ip route show table all proto 117
nft list tables | grep -E 'tofro_(trace|capture)'
ps -e -o args | grep -E '[p]rober\\.mjs|[t]ofro/probe'
exit 0
`;

async function left(remotes: Remotes): Promise<string> {
  const each = await Promise.all(["a", "b", "c"].map((name) => remotes.sh(name, LEFT)));
  return each.join("");
}

describe("over ssh", { timeout: kernelLane ? 900_000 : 300_000 }, () => {
  it("see both directions, leave nothing behind, and say what a machine lacks", async () => {
    await withRemotes(THROUGH, async (remotes) => {
      expect(await remotes.tofro("apply")).toMatchObject({ code: 0 });
      const before = await remotes.settled();

      const measured = await remotes.tofro("measure", "a", "c", "--for", "2s", "--json");
      expect(measured).toMatchObject({ code: 0 });
      expect(JSON.parse(measured.stdout)).toMatchObject({
        failures: [],
        directions: [{ planned: { path: ["a", "b", "c"] } }, { planned: { path: ["c", "a"] } }],
      });
      const { links } = JSON.parse(measured.stdout) as { links: { roundTripMs: number; delay: unknown }[] };
      expect(links).toHaveLength(6);
      for (const { roundTripMs } of links) expect(roundTripMs).toBeGreaterThan(0);
      expect(await left(remotes)).toBe("");

      const traced = await remotes.tofro("trace", "a", "c");
      expect(traced).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^a to c, IPv4: as planned[^]*^c to a, IPv4: as planned/m) as string,
      });
      expect(await left(remotes)).toBe("");

      const status = await remotes.tofro("status", "--json");
      expect(status).toMatchObject({ code: 0 });
      expect(JSON.parse(status.stdout)).toMatchObject({
        unreachable: [],
        drift: { a: { kind: "none" }, b: { kind: "none" }, c: { kind: "none" } },
        directions: [{ delay: expect.anything() as unknown }, { delay: expect.anything() as unknown }],
      });
      expect(await left(remotes)).toBe("");

      const counting = remotes.start("capture", "b", "--for", "4s", "--json");
      await counting.says("counting at b");
      await remotes.sh("a", "sleep 1; ping -q -c 5 -i 0.2 192.168.51.3 >/dev/null");
      const captured = await counting.done;
      expect(captured).toMatchObject({ code: 0 });
      const { flows } = JSON.parse(captured.stdout) as {
        flows: { from: string; to: string; packets: number }[];
      };
      const packets = (from: string, to: string): number | undefined =>
        flows.find((flow) => flow.from === from && flow.to === to)?.packets;
      expect(packets("a", "c")).toBe(5);
      expect(packets("c", "a")).toBe(0);
      expect(await left(remotes)).toBe("");
      expect(await remotes.settled()).toEqual(before);

      // Every Node.js of that host is a file that cannot be run.
      await remotes.sh("c", HIDE_NODE);
      const without = await remotes.tofro("measure", "--for", "1s");
      expect(without).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(
          /Cannot measure on c: it has no Node\.js, and the prober needs 20 or newer; on Debian: `apt-get install nodejs`/,
        ) as string,
      });
      expect(await left(remotes)).toBe("");
    });
  });
});

const HIDE_NODE = `: >/run/no-node
for each in $(command -v node nodejs) /usr/local/bin/node /usr/bin/node /usr/bin/nodejs ${process.execPath}; do
  [ ! -e "$each" ] || mount --bind /run/no-node "$(readlink -f "$each")"
done
`;
