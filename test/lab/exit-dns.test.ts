// Names are asked where the exit is: not of the resolver next door that the machine was told of, whatever program asks, and how.
import { describe, expect, it } from "vitest";
import type { Host } from "../../src/linux/command.ts";
import { applied } from "../support/applied.ts";
import { tofro } from "../support/cli.ts";
import { doctor } from "../support/doctor.ts";
import { withLab } from "../support/lab.ts";
import { cutWire, wireHost } from "../support/lan.ts";
import { snapshotAll } from "../support/snapshot.ts";
import { ask, respond } from "./names.ts";

const RELAY = "relay.tofro.example";
/** Beyond c's uplink: nobody else has a way there. */
const BEYOND = {
  name: "beyond",
  gateways: ["203.0.113.65/28", "2001:db8:77::1/64"],
  addresses: ["203.0.113.77/28", "203.0.113.78/28", "2001:db8:77::2/64"],
};
const [FIRST, SECOND, SIX] = ["203.0.113.77", "203.0.113.78", "2001:db8:77::2"] as const;
const LAN = {
  name: "left",
  gateways: ["192.0.2.129/26", "2001:db8:a::1/64"],
  addresses: ["192.0.2.130/26", "2001:db8:a::2/64"],
};
/** The router's, beside that of its IPv4, which the lab gives it. */
const ROUTER6 = "2001:db8:d::1";
/** Beyond a's own uplink: the one is excepted, the other a resolver of the internet. */
const [VISITOR, PUBLIC] = ["203.0.113.200", "203.0.113.201"] as const;

const network = (more: string): string => `overlay: [10.66.0.0/24, "fd66::/64"]
nodes:
  a: { address: [10.66.0.5, "fd66::5"], prefixes: [192.0.2.128/26, "2001:db8:a::/64"], exit_via: c, except: ${VISITOR}/32${more} }
  b: { address: [10.66.0.1, "fd66::1"], endpoint: ${RELAY} }
  c: { address: [10.66.0.2, "fd66::2"], endpoint: 198.51.100.2, exit: true }
paths:
  - a -> b -> c
  - c -> a
`;
const LED = network(`, dns: [${FIRST}, ${SECOND}, "${SIX}"]`);
const SWITCHED = network(`, kill_switch: true, dns: ${FIRST}`);
/** What they say to every question. */
const [THERE, NEXT_DOOR, INSIDE] = ["192.0.2.53", "192.0.2.66", "192.0.2.11"] as const;

const LOOK_UP = "getent ahostsv4 www.tofro.example | head -n 1 | cut -d' ' -f1";

const sh = async (host: Host, script: string): Promise<string> =>
  (await host.run(["sh", "-ec", script])).stdout.trim();

describe("a's resolvers beyond its exit", () => {
  it("alone are asked, by a and its LAN, and none next door; down leaves nothing", async () => {
    await withLab(network(""), { bare: true }, async (lab, folder) => {
      const [a, b, c, nat] = await Promise.all(["a", "b", "c", "a.nat"].map((name) => lab.host(name)));
      await sh(
        nat!,
        `ip address add ${ROUTER6}/64 dev u-a nodad; ip address add ${VISITOR}/32 dev lo; ip address add ${PUBLIC}/32 dev lo`,
      );
      await sh(a!, `ip address add 2001:db8:d::2/64 dev u-nat nodad; ip route add default via ${ROUTER6}`);
      const before = await snapshotAll(lab);
      const apply = (text: string): Promise<void> => applied(lab, folder, text);
      const [left, beyond] = await Promise.all([wireHost(a!, LAN), wireHost(c!, BEYOND)]);
      const router4 = await sh(a!, "ip route show default | sed 's/.*via //; s/ .*//'");
      const uplink = await sh(a!, "ip -4 -o address show dev u-nat | sed 's/.*inet //; s,/.*,,'");
      const [there, door] = await Promise.all([
        respond(beyond, THERE, [FIRST, SECOND, SIX]),
        respond(nat!, NEXT_DOOR, [router4, ROUTER6, VISITOR, PUBLIC]),
      ]);
      // What the machine was told, and what all programs of libc do by it.
      const resolve = (options: string): Promise<string> =>
        sh(a!, `printf 'nameserver ${router4}\\noptions ${options}\\n' >/etc/resolv.conf; ${LOOK_UP}`);
      const www = (...servers: string[]): { name: string; server: string }[] =>
        servers.map((server) => ({ name: "www.tofro.example", server }));
      const byTcp = (...servers: string[]) =>
        www(...servers).map((each) => ({ ...each, how: "tcp" }) as const);
      expect(await resolve("timeout:1")).toBe(NEXT_DOOR);
      expect(await ask(a!, www(ROUTER6))).toEqual([NEXT_DOOR]);
      const known = (await door.asked()).length;

      await apply(LED);
      expect(await resolve("timeout:1")).toBe(THERE);
      expect(await resolve("use-vc")).toBe(THERE);
      const bound = [...www(router4), ...byTcp(router4)].map((each) => ({ ...each, localAddress: uplink }));
      const own = [...www(router4, ROUTER6, PUBLIC), ...byTcp(ROUTER6), ...bound];
      expect(await ask(a!, own)).toEqual(own.map(() => THERE));
      const behind = [...www(router4, ROUTER6), ...byTcp(PUBLIC, "2001:db8:9::9")];
      expect(await ask(left, behind)).toEqual(behind.map(() => THERE));
      expect((await door.asked()).length).toBe(known);
      // Who asks there is the exit, as with everything else.
      expect(new Set((await there.asked()).map((line) => line.split(" ")[2]))).toEqual(
        new Set(["203.0.113.65", "2001:db8:77::1"]),
      );
      // Where the overlay's own way leads, and what is excepted, may be asked as ever.
      const inside = await respond(b!, INSIDE, ["10.66.0.1"]);
      expect(await ask(a!, www(VISITOR, "10.66.0.1"))).toEqual([NEXT_DOOR, INSIDE]);
      await inside.stop();

      // Without `dns` it asks whom it was told of.
      await apply(network(""));
      expect(await resolve("timeout:1")).toBe(NEXT_DOOR);

      await apply(SWITCHED);
      expect(await resolve("timeout:1")).toBe(THERE);
      expect(await ask(left, byTcp(router4))).toEqual([THERE]);
      // No resolver of that family: nobody is asked, and the program knows at once.
      for (const host of [a!, left])
        expect(await ask(host, [...www(ROUTER6), ...byTcp(ROUTER6)])).toEqual(["refused", "refused"]);
      // A machine that knows no other is told so, and how to know one.
      await sh(a!, `echo 'nameserver ${ROUTER6}' >/etc/resolv.conf`);
      const { findings } = await doctor(lab.name);
      expect(findings).toMatchObject([{ node: "a", code: "resolver-refused" }]);
      expect(await sh(a!, LOOK_UP)).toBe("");
      await sh(a!, findings[0]!.mend.join("\n"));
      expect(await sh(a!, LOOK_UP)).toBe(THERE);
      // The name that there is no tunnel without is asked as if there were no exit.
      const relay = [router4, ROUTER6, PUBLIC].map((server) => ({ name: RELAY, server }));
      expect(await ask(a!, relay)).toEqual(relay.map(() => NEXT_DOOR));
      // Without a tunnel no other is.
      const sofar = (await door.asked()).length;
      await sh(a!, "ip link del wg-b");
      expect(await ask(a!, [...www(router4), ...bound])).toEqual(["silence", "silence", "silence"]);
      expect(await ask(left, www(router4))).toEqual(["silence"]);
      expect((await door.asked()).length).toBe(sofar);
      expect(await ask(a!, relay)).toEqual(relay.map(() => NEXT_DOOR));

      const down = await tofro("down", "--lab", lab.name);
      expect({ code: down.code, stderr: down.code === 0 ? "" : down.stderr }).toEqual({
        code: 0,
        stderr: "",
      });
      expect(await resolve("timeout:1")).toBe(NEXT_DOOR);
      await Promise.all([there.stop(), door.stop()]);
      await Promise.all([cutWire(a!, LAN.name), cutWire(c!, BEYOND.name)]);
      expect(await snapshotAll(lab)).toEqual(before);
    });
  });
});
