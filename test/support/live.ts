// What a host is made of now, beside who put it there: for comparing what two programs make of one plan.
import type { Host } from "../../src/linux/command.ts";
import { sh } from "./doctor.ts";

const LIVE = `for f in -4 -6; do
  ip $f address show scope global | sed -n 's/^ *inet6* \\([^ ]*\\).* \\(wg-[^ ]*\\)$/\\1 \\2/p'
  ip $f route show table all type unicast | grep 'dev wg-' | grep -v fe80 | sed 's/ pref medium//; s/ metric [0-9]*//; s/ scope link//; s/ proto [^ ]*//'
  ip $f rule show | sed -n '/^116/s/ proto.*//p' | sed 's/lookup main unreachable/unreachable/'
done | sed 's/ *$//' | sort
for each in /sys/class/net/wg-*; do echo $each $(cat $each/mtu); done
wg show all allowed-ips | while read name key all; do echo $name $key $(printf '%s\\n' $all | sort); done | sort
wg show all listen-port; wg show all persistent-keepalive; wg show all fwmark; wg show all endpoints | awk '{ print $1, $2 }'
for each in $(wg show interfaces); do wg show $each private-key | sha256sum; wg show $each preshared-keys | sha256sum; done
nft -s list table inet tofro; sysctl -a 2>/dev/null | grep -E 'wg-[^.]*[.]rp_filter|ip_forward =|ipv6.conf.all.forwarding'`;

/** All but who put it there, which not every program says. */
export const live = (host: Host): Promise<string> => sh(host, LIVE);

export const hasKernelWireguard = async (host: Host): Promise<boolean> =>
  (await host.run(["ip", "link", "add", "wg-try", "type", "wireguard"], { anyExit: true })).code === 0 &&
  (await host.run(["ip", "link", "del", "wg-try"])).code === 0;
