import { expect, it } from "vitest";
import { managerOf, parseNetworkd } from "./networkd.ts";

const manager = (match: readonly string[], links: readonly string[] = []): string | undefined =>
  managerOf(parseNetworkd([], links, match), "wg-b");

const file = (path: string, ...lines: readonly string[]): string[] => lines.map((line) => `${path}:${line}`);
const ALL = file("/etc/systemd/network/99-all.network", "[Match]", "Name=*");

it("finds the file that covers a tunnel", () => {
  expect(manager(ALL)).toBe("/etc/systemd/network/99-all.network");
  expect(manager(file("/etc/systemd/network/1.network", "[Match]", "Name=eth0 wg-?"))).toBeDefined();
  expect(manager(file("/etc/systemd/network/1.network", "[Match]", "Name=!eth*"))).toBeDefined();
  expect(manager(file("/etc/systemd/network/1.network", "[Match]", "Type=wireguard"))).toBeDefined();
});

it("finds none where none does", () => {
  expect(manager([])).toBeUndefined();
  expect(manager(file("/etc/systemd/network/1.network", "[Match]", "Name=en* eth*"))).toBeUndefined();
  expect(manager(file("/etc/systemd/network/1.network", "[Match]", "Name=!wg-*"))).toBeUndefined();
  expect(manager(file("/etc/systemd/network/1.network", "[Match]", "Type=ether", "Name=*"))).toBeUndefined();
  expect(
    manager(file("/etc/systemd/network/1.network", "[Match]", "Name=*", "MACAddress=02:00:00:00:00:01")),
  ).toBeUndefined();
});

it("takes the first file by name, and the one in /etc of two of one name", () => {
  const unmanaged = ["[Match]", "Name=wg-*", "[Link]", "Unmanaged=yes"];
  expect(manager([...ALL, ...file("/etc/systemd/network/00-tofro.network", ...unmanaged)])).toBeUndefined();
  const usr = file("/usr/lib/systemd/network/99-all.network", "[Match]", "Name=wg-b");
  expect(
    manager([...usr, ...file("/etc/systemd/network/99-all.network", "[Match]", "Name=eth0")]),
  ).toBeUndefined();
});

it("believes networkd itself where the interface is there", () => {
  expect(manager(ALL, ["wg-b ADMIN_STATE=unmanaged"])).toBeUndefined();
  expect(manager([], ["wg-b ADMIN_STATE=configured NETWORK_FILE=/run/systemd/network/x.network"])).toBe(
    "/run/systemd/network/x.network",
  );
});
