// Everything that tofro may touch on a machine, as text: to see that it is as before, or as planned.
import type { Host } from "../../src/linux/command.ts";
import type { TestLab } from "./lab.ts";

const COMMANDS = [
  "ip -o address | cut -d: -f2- | grep -v ipv4.conf.all.send_redirects | sort",
  // Carrier comes a moment after a lab does, and with it the kernel's multicast routes.
  "ip -br link | cut -d' ' -f1 | cut -d@ -f1 | sort",
  // One that goes and comes back stands elsewhere in the kernel's lists.
  "ip -4 route show table all | sort",
  "ip -6 route show table all | grep -v ^multicast | sort",
  "ip rule",
  "ip -6 rule",
  "nft -s list ruleset",
  // The kernel's WireGuard turns send_redirects off with every interface that goes up (wg_open), for good.
  "grep -rs . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf | grep -v ipv4/conf/all/send_redirects | sort",
  "find /run/tofro /run/tofro-agent -mindepth 1 2>/dev/null",
  "for each in /etc/tofro*/*; do [ ! -e $each ] || sha256sum $each; done",
  "wg show all allowed-ips | while read name key all; do echo $name $key $(printf '%s\\n' $all | sort); done | sort",
  "{ wg show all listen-port; wg show all public-key; wg show all persistent-keepalive; } | sort",
  "for each in $(wg show interfaces); do echo $each $(wg show $each preshared-keys | sha256sum); done | sort",
  "for each in /sys/class/net/*; do echo $each $(cat $each/mtu $each/ifalias); done",
];

export async function snapshot(host: Host): Promise<string> {
  const { stdout } = await host.run(["sh", "-c", `{ ${COMMANDS.join("; echo ---; ")}; } 2>&1; exit 0`]);
  // wireguard-go's own log lies in /run/tofro too; addresses' lifetimes count down.
  return stdout
    .replaceAll(/(valid_lft|preferred_lft|expires) \S+/g, "")
    .replaceAll(/^\S+[.]log$\n/gm, "")
    .replaceAll(/elements = \{([^}]*)\}/g, (_, list: string) => `elements = ${inOrder(list)}`);
}

/** A set has none, and nft lists one with concatenations in any. */
const inOrder = (list: string): string =>
  list
    .split(",")
    .map((element) => element.trim())
    .sort()
    .join(", ");

export async function snapshotAll(lab: TestLab): Promise<Record<string, string>> {
  const names = lab.plan.topology.nodes.map(({ name }) => name);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await snapshot(await lab.host(name))] as const)),
  );
}
