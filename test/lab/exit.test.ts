// Exits: a's traffic for the internet leaves at c, there by b and back directly; and with a kill switch there or nowhere.
import { describe, expect, it } from "vitest";
import type { Host } from "../../src/linux/command.ts";
import { hopsScript, parseHops } from "../../src/render/hops.ts";
import { applied } from "../support/applied.ts";
import { tofro } from "../support/cli.ts";
import { withLab } from "../support/lab.ts";
import { cutWire, wireHost } from "../support/lan.ts";
import { PATIENCE, PATIENT } from "../support/patience.ts";
import { snapshotAll } from "../support/snapshot.ts";
import { ask, respond } from "./names.ts";
import { transfer } from "./transfer.ts";

const NETWORK = `overlay: [10.66.0.0/24, "fd66::/64"]
nodes:
  a: { address: [10.66.0.5, "fd66::5"], prefixes: [192.0.2.128/26, "2001:db8:a::/64"], exit_via: c, except: 203.0.113.128/25 }
  b: { address: [10.66.0.1, "fd66::1"], endpoint: 198.51.100.1, mtu: 1300 }
  c: { address: [10.66.0.2, "fd66::2"], endpoint: 198.51.100.2, exit: true }
paths:
  - a -> b -> c
  - c -> a
`;
const SWITCHED = NETWORK.replace("exit_via: c,", "exit_via: c, kill_switch: true, dns: 203.0.113.77,");
const LAN = {
  name: "left",
  gateways: ["192.0.2.129/26", "2001:db8:a::1/64"],
  addresses: ["192.0.2.130/26", "2001:db8:a::2/64"],
};
/** Beyond c's uplink: nobody else has a way there. */
const BEYOND = {
  name: "beyond",
  gateways: ["203.0.113.65/28", "2001:db8:77::1/64"],
  addresses: ["203.0.113.77/28", "2001:db8:77::2/64"],
};
const [BEYOND4, BEYOND6] = ["203.0.113.77", "2001:db8:77::2"] as const;
const [EXIT4, EXIT6] = ["203.0.113.65", "2001:db8:77::1"] as const;
/** Beyond a's own uplink, and excepted. */
const VISITOR = "203.0.113.200";

async function hops(from: Host, to: string): Promise<string[]> {
  const script = `for try in $(seq 20); do ping -qc 1 -W 1 ${to} >/dev/null && break; done\n${hopsScript(to)}`;
  return parseHops((await from.run(["sh", "-s"], { input: script, timeoutMs: 60_000 * PATIENCE })).stdout);
}

const answers = async (from: Host, to: string): Promise<boolean> =>
  (await from.run(["ping", "-qc", "2", "-i", "0.3", "-W", "1", to], { anyExit: true })).code === 0;

const count = (listing: string, what: string): number =>
  Number(new RegExp(`${what} counter packets (\\d+)`).exec(listing)?.[1] ?? NaN);

const sh = (host: Host, script: string): Promise<{ readonly stdout: string }> =>
  host.run(["sh", "-ec", script]);

describe("a's exit at c", () => {
  it("takes its traffic and its LAN's there by b and back directly, and nothing else, with agents around b; down leaves nothing", async () => {
    await withLab(NETWORK, { bare: true }, async (lab, folder) => {
      const before = await snapshotAll(lab);
      const [a, b, c, nat] = await Promise.all(["a", "b", "c", "a.nat"].map((name) => lab.host(name)));
      const apply = (network: string): Promise<void> => applied(lab, folder, network);
      const [left, beyond] = await Promise.all([wireHost(a!, LAN), wireHost(c!, BEYOND)]);
      const uplink = (
        await sh(a!, "ip -4 -o address show dev u-nat | sed 's/.*inet //; s,/.*,,'")
      ).stdout.trim();
      await sh(nat!, `ip address add ${VISITOR}/32 dev lo`);
      // The strictest that an uplink may be, and a witness of what leaves by it for where only c has a way to.
      await sh(a!, "sysctl -qw net.ipv4.conf.u-nat.rp_filter=1");
      await sh(
        a!,
        `nft 'add table inet witness; add chain inet witness c { type filter hook postrouting priority 300; }
add rule inet witness c oifname "u-nat" ip daddr 203.0.113.64/28 counter
add rule inet witness c oifname "u-nat" ip6 daddr 2001:db8:77::/64 counter'`,
      );
      const leaked = async (): Promise<number[]> => {
        const { stdout } = await a!.run(["nft", "list", "table", "inet", "witness"]);
        return [count(stdout, "203.0.113.64/28"), count(stdout, "2001:db8:77::/64")];
      };
      const carried = async (): Promise<number[]> => {
        const { stdout } = await b!.run(["nft", "list", "set", "inet", "tofro", "transits"]);
        return [
          count(stdout, '"wg-a" . "wg-c"'),
          count(`${stdout} "wg-c" . "wg-a" counter packets 0`, '"wg-c" . "wg-a"'),
        ];
      };

      await apply(NETWORK);
      const [own4, own6, lan4, lan6] = await Promise.all([
        hops(a!, BEYOND4),
        hops(a!, BEYOND6),
        hops(left, BEYOND4),
        hops(left, BEYOND6),
      ]);
      expect(own4).toEqual(["10.66.0.1", "10.66.0.2", BEYOND4]);
      expect(own6).toEqual(["fd66::1", "fd66::2", BEYOND6]);
      expect(lan4).toEqual(["192.0.2.129", "10.66.0.1", "10.66.0.2", BEYOND4]);
      expect(lan6).toEqual(["2001:db8:a::1", "fd66::1", "fd66::2", BEYOND6]);

      const bytes = 1_000_000;
      const [first] = await carried();
      for (const [from, address, exit] of [
        [a!, BEYOND4, EXIT4],
        [a!, BEYOND6, EXIT6],
        [left, BEYOND4, EXIT4],
        [left, BEYOND6, EXIT6],
      ] as const)
        expect(await transfer(from, { host: beyond, address }, bytes)).toEqual({
          bytes,
          back: bytes,
          from: exit,
        });
      const [there, back] = await carried();
      expect(there! - first!).toBeGreaterThan((4 * bytes) / 1300);
      expect(back).toBe(0);
      expect(await leaked()).toEqual([0, 0]);

      // Who comes to a's own address is answered from there, and what is excepted goes there.
      const visit = (): Promise<unknown> => transfer(nat!, { host: a!, address: uplink }, 100_000, VISITOR);
      expect(await visit()).toMatchObject({ bytes: 100_000, from: VISITOR });
      expect(await answers(a!, VISITOR)).toBe(true);

      // Without a kill switch a dead tunnel sets the traffic free; with one it waits.
      await sh(a!, "ip link del wg-b");
      await answers(a!, BEYOND4);
      expect((await leaked())[0]).toBeGreaterThan(0);
      await apply(SWITCHED);
      expect(await answers(a!, BEYOND4)).toBe(true);
      const known = await leaked();
      await sh(a!, "ip link del wg-b");
      const waits = await Promise.all([
        answers(a!, BEYOND4),
        answers(a!, BEYOND6),
        answers(left, BEYOND4),
        answers(left, BEYOND6),
        // Named as a careless program would.
        a!
          .run(["ping", "-qc", "2", "-W", "1", "-I", "u-nat", BEYOND4], { anyExit: true })
          .then(({ code }) => code === 0),
      ]);
      expect(waits).toEqual([false, false, false, false, false]);
      expect(await leaked()).toEqual(known);
      expect(await visit()).toMatchObject({ bytes: 100_000, from: VISITOR });
      expect(await answers(a!, VISITOR)).toBe(true);
      await apply(SWITCHED);
      expect(await answers(a!, BEYOND4)).toBe(true);
      // What it asks of the underlay goes there, too.
      expect(await tofro("doctor", "--lab", lab.name)).toMatchObject({ code: 0 });

      const within = { timeout: 60_000 * PATIENCE };
      // With agents it follows its pair of nodes: around b when that loses everything, and never by the uplink.
      const agents = await tofro("apply", "--agent", ...PATIENT, "--lab", lab.name);
      expect(agents).toMatchObject({ code: 0 });
      const planned = async (): Promise<number> => (await tofro("plan", "--lab", lab.name)).code;
      await expect.poll(planned, within).toBe(0);
      await expect.poll(() => hops(a!, BEYOND4), within).toEqual(["10.66.0.1", "10.66.0.2", BEYOND4]);
      // Its queries go along, and seem to be answered by the resolver next door.
      const resolver = await respond(beyond, "192.0.2.53", [BEYOND4]);
      const router = (await sh(a!, "ip route show default | sed 's/.*via //; s/ .*//'")).stdout.trim();
      const resolved = (): Promise<string[]> => ask(a!, [{ name: "www.tofro.example", server: router }]);
      expect(await resolved()).toEqual(["192.0.2.53"]);
      const free = await leaked();
      expect((await tofro("lab", "set", "b -> c", "loss=100%", "--name", lab.name)).code).toBe(0);
      await expect.poll(() => hops(a!, BEYOND4), within).toEqual(["10.66.0.2", BEYOND4]);
      await expect.poll(() => hops(left, BEYOND6), within).toEqual(["2001:db8:a::1", "fd66::2", BEYOND6]);
      await expect.poll(resolved, within).toEqual(["192.0.2.53"]);
      await resolver.stop();
      expect(await leaked()).toEqual(free);
      // A repair keeps the sizes of the way that died, and the choice that follows has its own: then nothing moves any more.
      const sizes = async (): Promise<string> => (await sh(a!, "ip route show table 16600")).stdout;
      await expect.poll(sizes, within).not.toContain("mtu");

      const down = await tofro("down", "--lab", lab.name);
      expect({ code: down.code, stderr: down.code === 0 ? "" : down.stderr }).toEqual({
        code: 0,
        stderr: "",
      });
      await Promise.all([
        cutWire(a!, LAN.name),
        cutWire(c!, BEYOND.name),
        sh(a!, "nft delete table inet witness; sysctl -qw net.ipv4.conf.u-nat.rp_filter=2"),
      ]);
      expect(await snapshotAll(lab)).toEqual(before);
    });
  });
});
