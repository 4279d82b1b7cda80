// New keys under traffic, on real WireGuard: how many packets it costs, and whom.
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Host } from "../../src/linux/command.ts";
import { tofro } from "../support/cli.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { BRIEF, PATIENCE, PATIENT } from "../support/patience.ts";

//  a ──> b ──> c <──> d    a is behind NAT. There through b, back directly; d has nothing to do with a and b.
//  ^───────────┘
const NETWORK = `overlay: 10.66.0.0/24
nodes:
  a: {}
  b: { endpoint: 198.51.100.2 }
  c: { endpoint: 198.51.100.3 }
  d: { endpoint: 198.51.100.4 }
paths:
  - a -> b -> c
  - c -> a
  - c <-> d
`;
const UNDERLAY = "underlay: { default: { delay: 20ms } }\n";
const INTERVAL_MS = 10;
/**
 * A tunnel is down from when its answering end has the new keys until the other end has them too and a handshake is done:
 * a round of `apply` (one script on each machine, started at once) and a round trip, some 200 ms on a busy machine. A
 * handshake that is lost, or that meets one from the other side, costs WireGuard's REKEY_TIMEOUT of 5 s instead: 500
 * packets, of which its queues save 128 at each end; on an emulated processor a round of `apply` takes longer than that.
 */
const MOST_LOST = 150 * PATIENCE;

interface Stream {
  readonly from: string;
  readonly to: string;
}
const STREAMS: readonly Stream[] = [
  { from: "a", to: "c" },
  { from: "b", to: "a" },
  { from: "d", to: "c" },
];

describe("keys rotate and apply", () => {
  it("lose no more than a handshake, in the tunnels of the nodes with new keys alone", async () => {
    await withLab(NETWORK, { bare: true, underlay: UNDERLAY }, async (lab) => {
      await succeeds("apply", ...PATIENT, "--lab", lab.name);
      const c = await lab.host("c");
      // A stall hides in no single try: which end begins hangs on the keys.
      for (const names of BRIEF ? [["a"], []] : [["a"], ["d"], ["c"], [], []]) {
        const before = await tunnels(c);
        await succeeds("keys", "rotate", ...names, "--lab", lab.name);
        const lost = await lostDuring(lab, () => succeeds("apply", ...PATIENT, "--lab", lab.name));
        const after = await tunnels(c);
        const untouched =
          names.length === 0 || names.includes("c")
            ? []
            : names.includes("a")
              ? ["wg-b", "wg-d"]
              : ["wg-a", "wg-b"];
        expect(untouched.map((name) => goesOn(before.get(name)!, after.get(name)!))).toEqual(
          untouched.map(() => true),
        );
        const changed = [...after].filter(([name, { peer }]) => peer !== before.get(name)?.peer);
        expect({ names, changed: changed.length }).toEqual({
          names,
          changed: names.includes("c") ? 0 : names.length === 1 ? 1 : 3,
        });
        if (names.includes("a")) expect(lost["d to c"]).toBe(0);
        if (names.includes("d")) expect(lost).toMatchObject({ "a to c": 0, "b to a": 0 });
        for (const [stream, count] of Object.entries(lost)) {
          expect({ names, stream, count, few: count <= MOST_LOST }).toEqual({
            names,
            stream,
            count,
            few: true,
          });
        }
        process.stdout.write(`${names.join() || "all"}: ${JSON.stringify(lost)}\n`);
      }
    });
  });
});

interface Tunnel {
  readonly peer: string;
  readonly handshake: number;
  readonly received: number;
}

/** By interface, as WireGuard counts. */
async function tunnels(host: Host): Promise<Map<string, Tunnel>> {
  const { stdout } = await host.run(["wg", "show", "all", "dump"]);
  const rows = stdout.split("\n").map((line) => line.split("\t"));
  return new Map(
    rows
      .filter((row) => row.length === 9)
      .map((row) => [row[0]!, { peer: row[1]!, handshake: Number(row[5]), received: Number(row[6]) }]),
  );
}

/** The same session's peer: its counters did not begin anew, and no handshake was lost. */
const goesOn = (before: Tunnel, after: Tunnel): boolean =>
  after.peer === before.peer && after.handshake >= before.handshake && after.received >= before.received;

async function succeeds(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await tofro(...argv);
  expect({ argv, code, stderr }).toEqual({ argv, code: 0, stderr });
  return stdout;
}

/** How many packets each stream loses while something is done. */
async function lostDuring(lab: TestLab, work: () => Promise<unknown>): Promise<Record<string, number>> {
  const address = (name: string): string =>
    lab.plan.topology.nodes.find((node) => node.name === name)!.addresses[0]!;
  const running = await Promise.all(
    STREAMS.map(async ({ from, to }) => {
      const host = await lab.host(from);
      const stream = host.run(["sh", "-s"], {
        input: streamScript(address(to)),
        timeoutMs: 110_000 * PATIENCE,
      });
      await host.run(["sh", "-c", "until [ -s /run/ping.pid ]; do sleep 0.05; done; sleep 0.5"]);
      return { name: `${from} to ${to}`, host, stream };
    }),
  );
  await work();
  await sleep(1000);
  const lost = await Promise.all(
    running.map(async ({ name, host, stream }) => {
      await host.run(["sh", "-c", "kill -INT $(cat /run/ping.pid)"]);
      const { stdout } = await stream;
      // Up to the last that came back: those behind it are under way.
      const came = new Set(
        Array.from(stdout.matchAll(/icmp_seq=(\d+) ttl/g), ([, number]) => Number(number)),
      );
      return [name, Math.max(...came) - came.size] as const;
    }),
  );
  return Object.fromEntries(lost);
}

const streamScript = (to: string): string =>
  `rm -f /run/ping.pid; ping -n -i ${INTERVAL_MS / 1000} ${to} & echo $! >/run/ping.pid; wait $! || true; exit 0\n`;
