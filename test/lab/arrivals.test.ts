// What a node's own table counts as arrived, by tunnel and source: packets that come in by two wires with the tunnels' names.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { parse } from "../../src/core/parse.ts";
import { compile } from "../../src/core/plan.ts";
import { parseCounters } from "../../src/core/counter-listing.ts";
import { nftScript } from "../../src/render/nftables.ts";

const NETWORK = `overlay: [10.66.0.0/24, "fd66::/64"]
nodes:
  a: { address: [10.66.0.5, "fd66::5"], prefixes: [192.0.2.128/26], exit_via: c }
  b: { address: [10.66.0.1, "fd66::1"], endpoint: 198.51.100.1 }
  c: { address: [10.66.0.2, "fd66::2"], endpoint: 198.51.100.2, prefixes: [192.0.2.0/26], exit: true }
paths: [a => c]
`;
const { spec } = parse(NETWORK, "tofro.yaml");
const TABLE = nftScript(compile(spec!, undefined, { agents: true }).states[0]!);

/** Beyond the wires is one host that has the addresses of all others. */
const SCRIPT = `
ip link set lo up
unshare --net sleep 60 & other=$!
trap 'kill $other' EXIT
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
in_other() { nsenter -t $other -n "$@"; }
for name in wg-b wg-c lan; do
  ip link add $name type veth peer name $name netns $other
  # As WireGuard's, they have no addresses of their own.
  ip link set $name addrgenmode none up
  in_other ip link set $name addrgenmode none up
done
ip address add 10.66.0.5/32 dev lo
ip address add fd66::5/128 dev lo nodad
in_other ip link set lo up
for each in 10.66.0.1 10.66.0.2 192.0.2.7 203.0.113.7 192.0.2.130; do in_other ip address add $each/32 dev lo; done
in_other ip address add fd66::2/128 dev lo nodad
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.wg-b.rp_filter=0 net.ipv4.conf.wg-c.rp_filter=0
in_other sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.lan.rp_filter=0 net.ipv4.conf.all.accept_local=1
mac() { "$@" | sed 's/.*ether //; s/ .*//'; }
for name in wg-b wg-c; do
  in_other ip neighbour replace 10.66.0.5 lladdr "$(mac ip -o link show $name)" dev $name
  in_other ip neighbour replace fd66::5 lladdr "$(mac ip -o link show $name)" dev $name
  in_other ip neighbour replace 10.66.0.99 lladdr "$(mac ip -o link show $name)" dev $name
done
ip neighbour replace 192.0.2.130 lladdr "$(mac in_other ip -o link show lan)" dev lan
ip route add 192.0.2.130 dev lan
by() { in_other ip route replace 10.66.0.5 dev $1; in_other ip -6 route replace fd66::5 dev $1; }
nft -f - <<'NFT'
${TABLE}
NFT
# Nothing needs to be answered: what arrives counts.
say() { in_other ping -q -n -c "$1" -i 0.01 -W 0.05 -I "$2" "\${3:-10.66.0.5}" >/dev/null || true; }
by wg-b; say 1 10.66.0.2; say 2 203.0.113.7; say 3 10.66.0.1
by wg-c; say 4 10.66.0.2; say 5 192.0.2.7; say 6 fd66::2 fd66::5; say 7 203.0.113.7
# For a host behind the node, forwarded to it.
in_other ip route add 192.0.2.131 via 10.66.0.99 dev wg-c onlink
ip route add 192.0.2.131 dev lan
ip neighbour replace 192.0.2.131 lladdr "$(mac in_other ip -o link show lan)" dev lan
say 8 10.66.0.2 192.0.2.131
# Test packets do not count, and others of their size or port do.
in_other "$NODE" -e '
  const { createSocket } = require("node:dgram");
  for (const [from, to, size] of [[61001, 61002, 44], [61002, 61002, 45], [61003, 60000, 44]]) {
    const socket = createSocket("udp4").bind(from, "10.66.0.2", () =>
      socket.send(Buffer.alloc(size), to, "10.66.0.5", () => socket.close()));
  }'
nft -j list table inet tofro
`;

it("counts what has come to its end: by tunnel and source, forwarded to its hosts, from the internet, and no test packet", async () => {
  const env = { ...process.env, NODE: process.execPath };
  const { stdout } = await promisify(execFile)("unshare", ["--net", "sh", "-ec", SCRIPT], { env });
  const { sets } = parseCounters(stdout);
  const counted = ["arrivals4", "arrivals6", "counted"].flatMap((set) =>
    (sets.get(set) ?? []).flatMap(({ key, packets }) =>
      packets === 0 ? [] : [[key.join(" "), packets] as const],
    ),
  );
  expect(Object.fromEntries(counted)).toEqual({
    "wg-b 10.66.0.2": 1,
    "wg-b 10.66.0.1": 3,
    // Four pings, eight that were forwarded, and two packets of UDP.
    "wg-c 10.66.0.2": 14,
    "wg-c 192.0.2.0/26": 5,
    "wg-c fd66::2": 6,
    "wg-b": 2,
    "wg-c": 7,
  });
});
