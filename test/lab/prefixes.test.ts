// Site to site: hosts in LANs behind a and c, which know nothing of tofro, reach each other by b there and directly back.
import { describe, expect, it } from "vitest";
import type { Host } from "../../src/linux/command.ts";
import { hopsScript, parseHops } from "../../src/render/hops.ts";
import { tofro } from "../support/cli.ts";
import { withLab } from "../support/lab.ts";
import { cutWire, wireHost } from "../support/lan.ts";
import { PATIENCE, PATIENT } from "../support/patience.ts";
import { snapshotAll } from "../support/snapshot.ts";
import { transfer } from "./transfer.ts";

// The way there is narrower than the way back.
const NETWORK = `overlay: [10.66.0.0/24, "fd66::/64"]
nodes:
  a: { address: [10.66.0.5, "fd66::5"], prefixes: [192.0.2.128/26, "2001:db8:a::/64"] }
  b: { address: [10.66.0.1, "fd66::1"], endpoint: 198.51.100.1, mtu: 1300 }
  c: { address: [10.66.0.2, "fd66::2"], endpoint: 198.51.100.2, prefixes: [192.0.2.192/26, "2001:db8:c::/64"] }
paths:
  - a -> b -> c
  - c -> a
`;
const LEFT = {
  name: "left",
  gateways: ["192.0.2.129/26", "2001:db8:a::1/64"],
  addresses: ["192.0.2.130/26", "2001:db8:a::2/64"],
};
const RIGHT = {
  name: "right",
  gateways: ["192.0.2.193/26", "2001:db8:c::1/64"],
  addresses: ["192.0.2.194/26", "2001:db8:c::2/64"],
};
const [LEFT4, LEFT6] = ["192.0.2.130", "2001:db8:a::2"] as const;
const [RIGHT4, RIGHT6] = ["192.0.2.194", "2001:db8:c::2"] as const;

async function hops(from: Host, to: string): Promise<string[]> {
  const script = `for try in $(seq 20); do ping -qc 1 -W 1 ${to} >/dev/null && break; done\n${hopsScript(to)}`;
  return parseHops((await from.run(["sh", "-s"], { input: script, timeoutMs: 60_000 * PATIENCE })).stdout);
}

/** Data packets that b has forwarded, by its own counters: there and back. */
async function forwarded(b: Host): Promise<{ readonly there: number; readonly back: number }> {
  const { stdout } = await b.run(["nft", "list", "set", "inet", "tofro", "transits"]);
  const of = (pair: string): number =>
    Number(new RegExp(`${pair} counter packets (\\d+)`).exec(stdout)?.[1] ?? 0);
  return { there: of('"wg-a" . "wg-c"'), back: of('"wg-c" . "wg-a"') };
}

describe("hosts behind a and c", () => {
  it("reach each other and the nodes, each direction by its own path, in full size; down leaves nothing", async () => {
    await withLab(NETWORK, { bare: true }, async (lab) => {
      const before = await snapshotAll(lab);
      const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => lab.host(name)));
      const [left, right] = await Promise.all([wireHost(a!, LEFT), wireHost(c!, RIGHT)]);
      expect((await tofro("apply", ...PATIENT, "--lab", lab.name)).code).toBe(0);

      const [there4, there6, back4, back6, toNode, fromNode] = await Promise.all([
        hops(left, RIGHT4),
        hops(left, RIGHT6),
        hops(right, LEFT4),
        hops(right, LEFT6),
        hops(left, "10.66.0.2"),
        hops(c!, LEFT4),
      ]);
      expect(there4).toEqual(["192.0.2.129", "10.66.0.1", "10.66.0.2", RIGHT4]);
      expect(there6).toEqual(["2001:db8:a::1", "fd66::1", "fd66::2", RIGHT6]);
      expect(back4).toEqual(["192.0.2.193", "10.66.0.5", LEFT4]);
      expect(back6).toEqual(["2001:db8:c::1", "fd66::5", LEFT6]);
      expect(toNode).toEqual(["192.0.2.129", "10.66.0.1", "10.66.0.2"]);
      expect(fromNode).toEqual(["10.66.0.5", LEFT4]);

      const bytes = 1_000_000;
      const counted = await forwarded(b!);
      for (const [from, to, address, source] of [
        [left, right, RIGHT4, LEFT4],
        [left, right, RIGHT6, LEFT6],
        [right, left, LEFT4, RIGHT4],
      ] as const)
        expect(await transfer(from, { host: to, address }, bytes)).toEqual({
          bytes,
          back: bytes,
          from: source,
        });
      const { there, back } = await forwarded(b!);
      // What went there, each in packets of one size at most; nothing of what came back.
      expect(there - counted.there).toBeGreaterThan((3 * bytes) / 1300);
      expect(back).toBe(0);

      // A host that claims to be one of the other side's: what it sends dies at the first tunnel.
      const heard = async (): Promise<string> =>
        (await b!.run(["nstat", "-asz", "IcmpInEchos"])).stdout.replaceAll(/^#.*$/gm, "").trim();
      const echoes = await heard();
      await left.run(["ip", "address", "add", "192.0.2.200/32", "dev", "lo"]);
      for (const [source, changes] of [
        ["192.0.2.200", false],
        [LEFT4, true],
      ] as const) {
        await left.run(["ping", "-qc", "2", "-i", "0.2", "-W", "1", "-I", source, "10.66.0.1"], {
          anyExit: true,
        });
        expect((await heard()) !== echoes).toBe(changes);
      }

      expect((await tofro("down", "--lab", lab.name)).code).toBe(0);
      await Promise.all([cutWire(a!, LEFT.name), cutWire(c!, RIGHT.name)]);
      expect(await snapshotAll(lab)).toEqual(before);
    });
  });
});
