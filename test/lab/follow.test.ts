// Endpoints that are host names move with their names, as the unit's timer sees to it; what roamed by itself is left alone.
import { describe, expect, it } from "vitest";
import type { Host } from "../../src/linux/command.ts";
import { tofro } from "../support/cli.ts";
import { withLab } from "../support/lab.ts";
import { ping } from "./traffic.ts";

const NETWORK = `overlay: [10.70.0.0/24, "fd70::/64"]
nodes: { a: { address: [10.70.0.1, "fd70::1"] }, b: { address: [10.70.0.2, "fd70::2"], endpoint: b.example.net } }
paths: [a <-> b]
`;
const B = "198.51.100.2";
const UNDERLAY = `underlay: {}\nhosts: { b.example.net: ${B} }\n`;

const endpoint = async (host: Host): Promise<string> =>
  (await host.run(["wg", "show", "wg-b", "endpoints"])).stdout.split("\t")[1]!.trim();

describe("an endpoint that is a host name", () => {
  it("is followed when the name moves, and left alone otherwise", async () => {
    await withLab(NETWORK, { bare: true, underlay: UNDERLAY }, async (lab) => {
      expect((await tofro("apply", "--lab", lab.name)).code).toBe(0);
      const a = await lab.host("a");
      const follow = () => a.run(["sh", "/etc/tofro/follow"]);
      const name = (addresses: readonly string[]) => {
        const lines = addresses.map((address) => `echo '${address} b.example.net';`).join(" ");
        return a.run([
          "sh",
          "-c",
          `{ grep -v b.example.net /etc/hosts; ${lines} } >/run/hosts; cat /run/hosts >/etc/hosts`,
        ]);
      };
      const works = async (): Promise<boolean> => (await ping(a, "10.70.0.2", 3)).received === 3;
      expect([await endpoint(a), await works()]).toEqual([`${B}:51820`, true]);
      expect((await follow()).stdout).toBe("");

      await name(["198.51.100.77", "2001:db8::77"]);
      expect((await follow()).stdout).toMatch(
        /^wg-b: b[.]example[.]net is at \S+77\]? now, was 198[.]51[.]100[.]2\n$/,
      );
      expect(await endpoint(a)).toMatch(/77\]?:51820$/);
      expect(await works()).toBe(false);
      expect((await tofro("plan", "--lab", lab.name)).code).toBe(0);

      await name([]);
      expect((await follow()).stdout).toBe("");
      await name([B]);
      await follow();
      expect([await endpoint(a), await works()]).toEqual([`${B}:51820`, true]);

      // Heard from elsewhere, and alive: it has roamed.
      const peer = (await a.run(["wg", "show", "wg-b", "peers"])).stdout.trim();
      await a.run(["wg", "set", "wg-b", "peer", peer, "endpoint", `${B}:51899`]);
      await a.run(["wg", "set", "wg-b", "peer", peer, "endpoint", "198.51.100.99:51820"]);
      expect((await follow()).stdout).toBe("");
      expect(await endpoint(a)).toBe("198.51.100.99:51820");
    });
  });
});
