// Probing tunnels on real WireGuard: each tunnel and direction on its own, whatever the clocks say, and nothing left behind.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { SessionSamples } from "../../src/core/measure/samples.ts";
import { readNetwork, settle } from "../../src/files/network.ts";
import type { Host } from "../../src/linux/command.ts";
import { probeTunnels, type Probed, type ProbeOptions } from "../../src/probe/run.ts";
import { armScript } from "../../src/probe/scripts.ts";
import type { ClockError } from "../../src/stamp/clock.ts";
import { tofro } from "../support/cli.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { snapshotAll } from "../support/snapshot.ts";
import { median } from "./traffic.ts";

const read = (...path: string[]): string => readFileSync(join(import.meta.dirname, "..", ...path), "utf8");
const THREE = read("..", "examples", "three-nodes", "tofro.yaml");
const UNDERLAY = `underlay:
  a -> c: { delay: 55ms }
  c -> a: { delay: 15ms }
  a <-> b: { delay: 8ms }
  b <-> c: { delay: 7ms }
`;

/** The machines, and a run on them. */
async function prober(lab: TestLab, folder: string) {
  const { network, plan } = await settle(await readNetwork(join(folder, "tofro.yaml")));
  const names = plan.topology.nodes.map(({ name }) => name);
  const machines = new Map(
    await Promise.all(names.map(async (name) => [name, await lab.host(name)] as const)),
  );
  const probe = (options: Partial<ProbeOptions> = {}): Promise<Probed> =>
    probeTunnels(machines, plan, network.secrets, { seconds: 3, intervalMs: 25, ...options });
  return { machines, probe };
}

const sh = async (host: Host, script: string): Promise<string> =>
  (await host.run(["sh", "-ec", script], { timeoutMs: 30_000 })).stdout;

interface Seen {
  /** Medians in ms, of raw delays. */
  readonly there: number;
  readonly back: number;
  /** Shares, by the counts of both ends. */
  readonly lostThere: number;
  readonly lostBack: number;
}

function seen({ probes }: SessionSamples): Seen {
  const pairs = probes.flatMap(({ sentMs, answer }) => (answer === undefined ? [] : [{ sentMs, answer }]));
  const reflected = Math.max(...pairs.map(({ answer }) => answer.reflectorSequence)) + 1;
  return {
    there: median(pairs.map(({ sentMs, answer }) => answer.receivedMs - sentMs)),
    back: median(pairs.map(({ answer }) => answer.backMs - answer.returnedMs)),
    lostThere: 1 - reflected / probes.length,
    lostBack: 1 - pairs.length / reflected,
  };
}

/** The raw delay of a link is its delay and what the receiver's clock is ahead of the sender's. */
function expectDelays(
  { sessions, failures }: Probed,
  delays: Readonly<Record<string, number>>,
  clocks: ReadonlyMap<string, ClockError> = new Map(),
): void {
  expect(failures).toEqual([]);
  expect(sessions.length).toBe(Object.keys(delays).length / 2);
  for (const session of sessions) {
    const { tunnel, sender, reflector } = session;
    const ahead = (clocks.get(reflector)?.offsetMs ?? 0) - (clocks.get(sender)?.offsetMs ?? 0);
    const found = seen(session);
    const via = tunnel.match(/ \[.*/)?.[0] ?? "";
    const excess = {
      [`${sender} -> ${reflector}${via}`]: found.there - ahead,
      [`${reflector} -> ${sender}${via}`]: found.back + ahead,
    };
    for (const [link, raw] of Object.entries(excess)) {
      // The lab's own links are up to 1 ms slower than they are told to be, and busy processors add to that; drift makes some
      // tenths either way.
      const excessMs = raw - delays[link]!;
      expect({ link, excessMs, fits: excessMs > -0.7 && excessMs < 2.5 }).toMatchObject({ link, fits: true });
    }
  }
}

const DELAYS = { "a -> b": 8, "b -> a": 8, "a -> c": 55, "c -> a": 15, "b -> c": 7, "c -> b": 7 };

describe("each tunnel by itself", () => {
  it("is measured both ways under clocks that are seconds apart, while the plan and all else stay as they are", async () => {
    await withLab(THREE, { underlay: UNDERLAY, bare: true }, async (lab, folder) => {
      expect((await tofro("apply", "--lab", lab.name)).code).toBe(0);
      const { probe } = await prober(lab, folder);
      const before = await snapshotAll(lab);
      const clocks = new Map([
        ["a", { offsetMs: 5000, driftPpm: 50 }],
        ["b", { offsetMs: -5000, driftPpm: -50 }],
        ["c", { offsetMs: 1234, driftPpm: 50 }],
      ]);
      let during: Promise<unknown> = Promise.resolve();
      const probed = await probe({
        clocks,
        progress(text) {
          if (text === "collecting") during = Promise.all([tofro("plan", "--lab", lab.name), probe()]);
        },
      });
      expectDelays(probed, DELAYS, clocks);
      const who = existsSync(join(import.meta.dirname, "..", "..", "dist", "kernel-stamps.node"))
        ? "kernel"
        : "user";
      expect([...probed.stamps.values()]).toEqual([who, who, who]);
      // What else ran meanwhile: a plan that sees no drift, and a second measurement that is told to wait.
      const [plan, second] = (await during) as [{ code: number; stdout: string }, Probed];
      expect(plan).toMatchObject({ code: 0, stdout: expect.not.stringMatching(/^ /m) as string });
      expect(second.sessions).toEqual([]);
      const machines = second.failures.filter(({ kind }) => kind === "machine");
      expect(machines.map(({ message }) => message)).toEqual(
        ["a", "b", "c"].map((): unknown =>
          expect.stringMatching(/another measurement is under way there: .*process \d+, since/),
        ),
      );
      expect(await snapshotAll(lab)).toEqual(before);
    });
  });

  it("is told apart from another one between the same two nodes", async () => {
    const underlay = `underlay:
  local -> remote: { delay: 40ms }
  remote -> local: { delay: 15ms }
  local <-> hkg: { delay: 8ms }
  hkg <-> remote: { delay: 7ms }
`;
    await withLab(read("..", "examples", "port-forward", "tofro.yaml"), { underlay }, async (lab, folder) => {
      const { probe } = await prober(lab, folder);
      const delays = {
        "local -> remote": 40,
        "remote -> local": 15,
        "local -> remote [hkg]": 15,
        "remote -> local [hkg]": 15,
      };
      expectDelays(await probe(), delays);
    });
  });

  it("is measured over IPv6", async () => {
    const underlay = `underlay:
  a -> c: { delay: 30ms }
  c -> a: { delay: 10ms }
`;
    await withLab(read("golden", "ipv6-only", "tofro.yaml"), { underlay }, async (lab, folder) => {
      const { probe } = await prober(lab, folder);
      expectDelays(await probe(), {
        "a -> b": 0,
        "b -> a": 0,
        "a -> c": 30,
        "c -> a": 10,
        "b -> c": 0,
        "c -> b": 0,
      });
    });
  });
});

describe("loss", () => {
  it("of one direction is seen in that one only", async () => {
    const underlay = "underlay:\n  a -> c: { loss: 5% }\n";
    await withLab(THREE, { underlay }, async (lab, folder) => {
      const { probe } = await prober(lab, folder);
      const { sessions, failures } = await probe({ seconds: 10, intervalMs: 5 });
      expect(failures).toEqual([]);
      for (const session of sessions) {
        const { lostThere, lostBack } = seen(session);
        expect(session.probes.length).toBeGreaterThan(1900);
        const there = session.tunnel === "a - c" ? 0.05 : 0;
        expect(Math.abs(lostThere - there)).toBeLessThan(there === 0 ? 0.005 : 0.015);
        expect(lostBack).toBeLessThan(0.005);
      }
    });
  });
});

describe("what goes wrong", () => {
  it("on one machine or tunnel is told with its likely cause, and the rest is measured", async () => {
    await withLab(THREE, {}, async (lab, folder) => {
      const { machines, probe } = await prober(lab, folder);
      const c = machines.get("c")!;
      const because = async (): Promise<[string[], Record<string, string>]> => {
        const { sessions, failures } = await probe({ seconds: 1 });
        return [
          sessions.map(({ tunnel }) => tunnel),
          Object.fromEntries(
            failures.map((each) => [each.kind === "machine" ? each.node : each.tunnel, each.message]),
          ),
        ];
      };
      const rule = (what: string): string =>
        `nft "add table inet test; add chain inet test in { type filter hook input priority 0; }; add rule inet test in ${what} drop"`;
      await sh(c, rule('iifname "wg-a" udp dport 862'));
      expect(await because()).toEqual([
        ["a - b", "b - c"],
        {
          "a - c": expect.stringMatching(
            /no probe reached c: probably a firewall there drops UDP port 862 .*wg-a/,
          ) as string,
        },
      ]);
      await sh(c, "nft delete table inet test");
      await sh(machines.get("a")!, rule('iifname "wg-c" udp sport 862'));
      expect(await because()).toEqual([
        ["a - b", "b - c"],
        {
          "a - c": expect.stringMatching(
            /c answered \d+ probes and none came back: probably a firewall on a/,
          ) as string,
        },
      ]);
      await sh(machines.get("a")!, "nft delete table inet test; ip link set wg-b down");
      expect(await because()).toEqual([
        ["a - c", "b - c"],
        { "a - b": expect.stringMatching(/a cannot send by wg-b: .*EHOSTUNREACH/) as string },
      ]);
      // Only in c's own namespace.
      const node = await sh(
        c,
        'for each in $(which -a node nodejs) "$0"; do readlink -f $each; done | sort -u'.replace(
          '"$0"',
          process.execPath,
        ),
      );
      await sh(
        c,
        `echo 'echo 18.20.4' >/run/old; chmod 755 /run/old; for each in ${node.trim().split("\n").join(" ")}; do mount --bind /run/old $each; done`,
      );
      expect(await because()).toEqual([
        [],
        {
          "a - b": expect.any(String) as string,
          "a - c": expect.any(String) as string,
          "b - c": expect.any(String) as string,
          c: expect.stringMatching(
            /Cannot measure on c: its Node.js is 18.20.4, and the prober needs 20 or newer/,
          ) as string,
        },
      ]);
    });
  });

  it("leaves nothing behind: a prober killed, a run aborted, a machine that nobody comes back to", async () => {
    await withLab(THREE, {}, async (lab, folder) => {
      const { machines, probe } = await prober(lab, folder);
      const before = await snapshotAll(lab);
      const c = machines.get("c")!;
      const killed = probe({
        progress(text) {
          if (text === "collecting")
            void sleep(2000).then(() => sh(c, "kill -KILL $(cat /run/tofro/probe/prober)"));
        },
      });
      const { sessions, failures } = await killed;
      expect(failures.map((each) => (each.kind === "machine" ? each.node : each.tunnel))).toContain("c");
      const cut = sessions.find(({ tunnel }) => tunnel === "a - c");
      expect(cut?.probes.at(-1)?.answer).toBeDefined();
      expect(cut!.probes.length).toBeLessThan(110);
      expect(await snapshotAll(lab)).toEqual(before);

      const abort = new AbortController();
      const aborted = probe({
        signal: abort.signal,
        progress: (text) => text.startsWith("probing") && abort.abort(new Error("enough")),
      });
      await expect(aborted).rejects.toThrow("enough");
      expect(await snapshotAll(lab)).toEqual(before);

      const input = armScript({
        token: "f00d",
        holder: "somebody who went away",
        timeoutS: 2,
        pins: [],
        node: "/bin/sh",
        program: "wait",
        files: new Map([["wait", "touch $1/ready; exec sleep 1000"]]),
      });
      await c.run(["sh", "-s"], { input });
      expect(await snapshotAll(lab)).not.toEqual(before);
      await sleep(3500);
      expect(await snapshotAll(lab)).toEqual(before);
    });
  });
});
