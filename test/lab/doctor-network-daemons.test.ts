// The doctor before the real systemd-networkd and NetworkManager, which take the plan's addresses, routes and rules away.
import { beforeAll, describe, expect, it } from "vitest";
import type { Finding } from "../../src/core/doctor/finding.ts";
import type { Host } from "../../src/linux/command.ts";
import { doctor, labFor, sh, WELL, withPackages } from "../support/doctor.ts";
import { PATIENCE } from "../support/patience.ts";

// At d what a sends to c goes on directly, and d's own by b: the first needs a rule.
const NETWORK = `overlay: 192.168.51.0/24
nodes:
  a: { address: 192.168.51.5 }
  b: { address: 192.168.51.1, endpoint: 198.51.100.1 }
  c: { address: 192.168.51.2, endpoint: 198.51.100.2 }
  d: { address: 192.168.51.4, endpoint: 198.51.100.4 }
paths:
  - a -> b -> d -> c
  - d -> b -> c
  - c -> a
`;

const PLANS =
  "ip address show | sed -n '/scope global wg-/p'; ip route show proto 116; ip rule show priority 11600";

/** In the words of systemd, which is not there. */
const SYSTEMCTL = `#!/bin/sh
[ "$*" = "restart systemd-networkd" ] || exit 1
exec sh /run/networkd
`;
const NETWORKD = `kill $(cat /run/networkd.pid) 2>/dev/null
while [ -e /run/networkd.pid ] && [ -e /proc/$(cat /run/networkd.pid) ]; do sleep 0.1; done
mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
chown -R systemd-network:$(id -g systemd-network) /run/systemd/netif
container=lxc setsid /usr/lib/systemd/systemd-networkd >>/run/networkd.log 2>&1 </dev/null &
echo $! >/run/networkd.pid
for each in $(seq 50); do ! networkctl list 2>/dev/null | grep -E 'pending|configuring' || { sleep 0.1; continue; }; [ -s /run/systemd/netif/state ] && break; sleep 0.1; done
sleep 1
`;

describe("network daemons", () => {
  const lab = labFor(NETWORK);
  beforeAll(async () => {
    for (const node of ["b", "d"]) {
      const host = await lab().host(node);
      await withPackages(host);
      // Both daemons wait for udev, unless they find themselves in a container, whose /sys is read-only.
      await sh(host, "dbus-daemon --system --fork --nopidfile; mount -o remount,ro /sys");
    }
  });

  /** A tunnel that was down has no session; the other end takes up to 15 s to see that (WireGuard, 6.2 and 6.4). */
  const arrives = async (): Promise<boolean> => {
    const a = await lab().host("a");
    const { code } = await a.run(["ping", "-q", "-c", "1", "-w", "40", "192.168.51.2"], {
      anyExit: true,
      timeoutMs: 60_000 * PATIENCE,
    });
    return code === 0;
  };

  const mend = async (host: Host, { mend: lines }: Finding): Promise<void> => {
    for (const line of lines) await sh(host, line);
  };

  it("finds that networkd deletes rules, and that it manages the tunnels", async () => {
    const d = await lab().host("d");
    // What apply would put back.
    const batch = await again(d);
    await d.writeFile("/run/networkd", NETWORKD, 0o755);
    await d.writeFile("/run/systemctl", SYSTEMCTL, 0o755);
    await sh(
      d,
      `mkdir -p /etc/systemd/network; mount --bind /run/systemctl /usr/bin/systemctl
printf '[Match]\\nName=u-b\\n[Network]\\nLinkLocalAddressing=no\\nAddress=198.51.100.4/32\\n[Route]\\nDestination=198.51.100.1/32\\nScope=link\\n' >/etc/systemd/network/10-uplink.network
sh /run/networkd`,
    );
    try {
      // networkd took the address and route that it was not told of; they are this test's affair, the rule is not.
      expect(await arrives()).toBe(true);
      await sh(d, "networkctl reconfigure u-b; sleep 2");
      expect(await sh(d, "ip rule show priority 11600")).toBe("");
      const first = await doctor(lab().name);
      expect(first.findings).toMatchObject([{ node: "d", code: "networkd-foreign", severity: "warning" }]);
      await mend(d, first.findings[0]!);
      await sh(d, batch);
      const whole = await sh(d, PLANS);
      await sh(d, "networkctl reconfigure u-b; sleep 2");
      expect(await sh(d, PLANS)).toBe(whole);
      expect(await arrives()).toBe(true);
      expect(await doctor(lab().name)).toMatchObject(WELL);

      // Images have files for all names; this test is about these.
      await sh(
        d,
        "printf '[Match]\\nName=wg-*\\n[Network]\\nLinkLocalAddressing=no\\n' >/etc/systemd/network/99-all.network; networkctl reload; networkctl reconfigure wg-b wg-c; sleep 2",
      );
      expect(await sh(d, PLANS)).not.toBe(whole);
      const second = await doctor(lab().name);
      expect(second.findings).toMatchObject([{ node: "d", code: "networkd-manages", severity: "error" }]);
      expect(second.findings[0]!.evidence).toContain("/etc/systemd/network/99-all.network");
      await mend(d, second.findings[0]!);
      await sh(d, `sleep 1; ${batch}`);
      expect(await sh(d, PLANS)).toBe(whole);
      await sh(d, "networkctl reload; systemctl restart systemd-networkd");
      expect(await sh(d, PLANS)).toBe(whole);
      expect(await arrives()).toBe(true);
      expect(await doctor(lab().name)).toMatchObject(WELL);
    } finally {
      await sh(d, "kill $(cat /run/networkd.pid)");
    }
  });

  it("finds that NetworkManager manages the tunnels", async () => {
    const b = await lab().host("b");
    const batch = await again(b);
    const whole = await sh(b, PLANS);
    await sh(
      b,
      `printf '[keyfile]\\nunmanaged-devices=interface-name:u-*\\n' >/etc/NetworkManager/conf.d/uplinks.conf
NetworkManager
for each in $(seq 50); do nmcli -t -f STATE general | grep -q '^connected' && break; sleep 0.1; done; sleep 1`,
    );
    expect(await sh(b, PLANS)).toBe(whole);
    const { findings } = await doctor(lab().name);
    expect(findings).toMatchObject([{ node: "b", code: "networkmanager", severity: "warning" }]);
    // Awake is it when its devices stay as they are: a mend in the midst of that is lost on what it is just taking up, and so is
    // sleep on what it is just letting go of.
    const sleepAndWake = `nmcli networking off; sleep 1; nmcli networking on
before=
for each in $(seq 30); do sleep 2; now=$(nmcli -t -f DEVICE,STATE device); [ "$now" = "$before" ] && break; before=$now; done`;
    await sh(b, sleepAndWake);
    expect(await sh(b, PLANS)).not.toContain("scope");
    await mend(b, findings[0]!);
    // It takes down what it lets go of, if it had stripped it.
    await sh(
      b,
      `for each in $(seq 60); do nmcli -t -f DEVICE,STATE device | grep -q '^wg-.*:[^u]' || break; sleep 1; done; sleep 1; ${batch}`,
    );
    expect(await sh(b, PLANS)).toBe(whole);
    await sh(b, sleepAndWake);
    expect(await sh(b, PLANS)).toBe(whole);
    expect(await arrives()).toBe(true);
    expect(await doctor(lab().name)).toMatchObject(WELL);
    await sh(b, "kill $(cat /run/NetworkManager/NetworkManager.pid)");
  });
});

/** The commands that put a host's tunnels back as they are now. */
const again = (host: Host): Promise<string> =>
  sh(
    host,
    `for each in $(wg show interfaces); do
  echo "ip link set $each up"
  echo "ip address replace $(ip -o -4 address show dev $each | awk '{ print $4 }') dev $each"
done
ip route show proto 116 table all | sed 's/^/ip route replace /; s/$/ proto 116/'
ip rule show priority 11600 | sed 's/^11600:/ip rule del priority 11600 2>\\/dev\\/null || true; ip rule add priority 11600 /; s/ proto 116/ protocol 116/'`,
  );
