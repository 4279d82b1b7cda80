// A real systemd-networkd in a lab host, on its own: no systemd is there to start it, and no udev.
import type { Host } from "../../src/linux/command.ts";
import { sh, withPackages } from "./doctor.ts";

const LOG = "/run/networkd.log";

/** Starts it; returns when no link is pending. `names`: links that it is to bring up. */
export async function startNetworkd(host: Host, names: readonly string[]): Promise<void> {
  await sh(
    host,
    `mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
chown -R systemd-network:systemd-network /run/systemd/netif
SYSTEMD_LOG_LEVEL=info container=lxc setsid /usr/lib/systemd/systemd-networkd >${LOG} 2>&1 </dev/null &
echo $! >/run/networkd.pid
for try in $(seq 100); do grep -q 'Enumeration completed' ${LOG} && break; sleep 0.1; done
grep -q 'Enumeration completed' ${LOG}
for each in ${names.join(" ")}; do
  for try in $(seq 50); do networkctl list --no-legend $each 2>/dev/null | grep -q ' configured' && break; sleep 0.1; done
  networkctl list --no-legend $each | grep ' configured' || { networkctl list; cat ${LOG}; exit 1; } >&2
done`,
  );
}

export const stopNetworkd = (host: Host): Promise<string> =>
  sh(
    host,
    "pid=$(cat /run/networkd.pid); kill $pid; for try in $(seq 100); do [ -e /proc/$pid ] || break; sleep 0.1; done",
  );

/** What it said of files. */
export const complaints = (host: Host): Promise<string> =>
  sh(host, `grep -E '/etc/systemd/.*:[0-9]+|[Ii]gnoring|[Uu]nknown|[Ii]nvalid' ${LOG} || true`);

/** Debian's packages, D-Bus, and the group that may read keys. */
export async function preparedForNetworkd(host: Host): Promise<void> {
  await withPackages(host);
  // It waits for udev, unless it finds itself in a container, whose /sys is read-only.
  await sh(
    host,
    `grep -q ^systemd-network: /etc/group || echo "systemd-network:x:$(id -g systemd-network):" >>/etc/group
dbus-daemon --system --fork --nopidfile; mount -o remount,ro /sys`,
  );
}
