// capture on a real transit: what passes it, which way, and that nothing of the counters stays.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Captured } from "../../src/core/capture/capture.ts";
import type { Host } from "../../src/linux/command.ts";
import { tofro } from "../support/cli.ts";
import { example, labFor } from "../support/doctor.ts";
import { ping } from "./traffic.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const THREE = example("three-nodes");
const [B, C] = ["192.168.51.1", "192.168.51.2"];

describe("capture", () => {
  const lab = labFor(THREE);
  const leftovers = async (host: Host): Promise<string> => {
    const script = "nft list tables; ps -eo args | grep '[t]ofro_capture' || true";
    return (await host.run(["sh", "-c", script])).stdout;
  };
  const counting = async (host: Host): Promise<void> => {
    await host.run(["sh", "-c", "until nft list tables | grep -q tofro_capture; do sleep 0.05; done"], {
      timeoutMs: 20_000,
    });
  };

  async function captured(node: string, traffic: () => Promise<unknown>, ...options: string[]) {
    const host = await lab().host(node);
    const running = tofro("capture", node, "--lab", lab().name, "--for", "4s", "--json", ...options);
    await counting(host);
    await traffic();
    const { code, stdout } = await running;
    expect(await leftovers(host)).toBe("table inet tofro\n");
    return { code, ...(JSON.parse(stdout) as Captured & { node: string }) };
  }

  const pingFrom = async (node: string, to: string, count: number) => ping(await lab().host(node), to, count);

  it("proves that the transit carries one direction only", async () => {
    const seen = await captured("b", () => pingFrom("a", C, 40));
    expect(seen).toMatchObject({ code: 0, node: "b", overflow: false });
    expect(seen.flows).toEqual([
      {
        from: "a",
        to: "c",
        place: "passed",
        by: "a - b",
        out: "b - c",
        planned: true,
        packets: 40,
        bytes: 40 * 84,
      },
      { from: "c", to: "a", place: "passed", planned: false, packets: 0, bytes: 0 },
    ]);
    const [ab, bc] = seen.tunnels;
    expect([ab!.received.data.packets, ab!.sent.data.packets]).toEqual([40, 0]);
    expect([bc!.sent.data.packets, bc!.received.data.packets]).toEqual([40, 0]);
  });

  it("tells the node's own traffic from what passes, and one pair from the others", async () => {
    const both = () => Promise.all([pingFrom("a", C, 10), pingFrom("a", B, 20)]);
    const own = await captured("b", both);
    expect(own.flows.map(({ from, to, place, packets }) => `${from} ${to} ${place} ${packets}`)).toEqual([
      "a c passed 10",
      "c a passed 0",
      "a b arrived 20",
      "b a sent 20",
    ]);
    const pair = await captured("b", both, "--path", "a -> c");
    expect(pair.flows.map(({ from, to, packets }) => `${from} ${to} ${packets}`)).toEqual([
      "a c 10",
      "c a 0",
    ]);
  });

  it("counts handshakes and keepalives apart from data", async () => {
    const b = await lab().host("b");
    const peer = (await b.run(["wg", "show", "wg-c", "peers"])).stdout.trim();
    const keepalive = (every: string) =>
      b.run(["wg", "set", "wg-c", "peer", peer, "persistent-keepalive", every]);
    const seen = await captured("b", async () => {
      await keepalive("1");
      await sleep(2500);
    });
    await keepalive("0");
    const bc = seen.tunnels.find(({ tunnel }) => tunnel === "b - c")!;
    expect(bc.sent.keepalives.packets).toBeGreaterThan(0);
    expect(bc.sent.data.packets).toBe(0);

    const renewed = await captured("b", async () => {
      const script = `psk=$(mktemp); wg show wg-c preshared-keys | cut -f2 >$psk
        set -- $(wg show wg-c allowed-ips | cut -f2 | tr ' ' ,) $(wg show wg-c endpoints | cut -f2)
        wg set wg-c peer ${peer} remove
        wg set wg-c peer ${peer} preshared-key $psk allowed-ips $1 endpoint $2; rm $psk`;
      await b.run(["sh", "-ec", script]);
      await pingFrom("b", C, 3);
    });
    const again = renewed.tunnels.find(({ tunnel }) => tunnel === "b - c")!;
    expect(again.sent.handshakes.packets).toBeGreaterThanOrEqual(1);
    expect(again.received.handshakes.packets).toBeGreaterThanOrEqual(1);
  });

  it("exits with 3 when something passes that the plan has elsewhere", async () => {
    const [a, c] = [await lab().host("a"), await lab().host("c")];
    await c.run(["ip", "route", "replace", "192.168.51.5", "dev", "wg-b", "src", C, "proto", "116"]);
    try {
      const allow = async (host: Host, name: string, address: string): Promise<void> => {
        const script = `wg set ${name} peer $(wg show ${name} peers) allowed-ips $(wg show ${name} allowed-ips | cut -f2 | tr ' ' ,),${address}`;
        await host.run(["sh", "-ec", script]);
      };
      await allow(c, "wg-b", "192.168.51.5/32");
      await allow(await lab().host("b"), "wg-c", `${C}/32`);
      await (await lab().host("b")).run(["nft", "flush", "chain", "inet", "tofro", "arrive"]);
      await (await lab().host("b")).run(["nft", "flush", "chain", "inet", "tofro", "pass"]);
      await a.run(["true"]);
      const seen = await captured("b", () => pingFrom("a", C, 5));
      expect(seen.code).toBe(3);
      expect(seen.flows).toContainEqual(
        expect.objectContaining({
          from: "c",
          to: "a",
          by: "b - c",
          out: "a - b",
          planned: false,
          packets: 5,
        }),
      );
    } finally {
      await c.run(["ip", "route", "replace", "192.168.51.5", "dev", "wg-a", "src", C, "proto", "116"]);
    }
  });

  it("tells what it has on Ctrl-C, and takes the counters away when tofro is killed", async () => {
    const b = await lab().host("b");
    const start = (...options: string[]) =>
      spawn(process.execPath, [join(ROOT, "src/main.ts"), "capture", "b", "--lab", lab().name, ...options]);
    const stopped = start("--for", "60s");
    let text = "";
    stopped.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    await counting(b);
    await pingFrom("a", C, 5);
    stopped.kill("SIGINT");
    const code = await new Promise((resolve) => stopped.on("close", resolve));
    expect({ code, text }).toEqual({ code: 0, text: expect.stringMatching(/a -> c +5 /) as string });
    expect(await leftovers(b)).toBe("table inet tofro\n");

    const killed = start("--for", "1s");
    await counting(b);
    killed.kill("SIGKILL");
    // Its watcher waits a while longer than the capture would have.
    await expect.poll(() => leftovers(b), { timeout: 40_000, interval: 1000 }).toBe("table inet tofro\n");
  });

  it("refuses what it does not know, and changes nothing", async () => {
    for (const [argv, message] of [
      [["bb"], /There is no node "bb"; did you mean "b"\?/],
      [["b", "--path", "a to c"], /--path names two nodes/],
      [["b", "--path", "a -> x"], /There is no node "x"/],
      [["b", "--for", "soon"], /--for must be a time/],
    ] as const) {
      const { code, stderr } = await tofro("capture", ...argv, "--lab", lab().name);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) as string });
    }
    expect(await leftovers(await lab().host("b"))).toBe("table inet tofro\n");
  });
});
