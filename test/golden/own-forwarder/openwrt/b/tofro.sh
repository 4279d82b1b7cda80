# Made by tofro from tofro.yaml: b. Change the network file and export again.
# `sh tofro.sh` on the router: replaces what an earlier one wrote. Needs wireguard-tools and kmod-wireguard.
# Not here: the firewall zone of the uplink. The files take it to be `wan`; if it is another, change the sections that name it.
set -e; umask 077
mkdir -p /etc/tofro
for config in network firewall; do
  for each in $(uci -q show $config | sed -n "s/^$config[.]\([^.]*\)[.]tofro='1'$/\1/p"); do uci -q delete $config.$each; done
done
uci batch <<'TOFRO'
set firewall.tofro=zone
set firewall.tofro.name='tofro'
set firewall.tofro.input='ACCEPT'
set firewall.tofro.output='ACCEPT'
set firewall.tofro.forward='ACCEPT'
set firewall.tofro.tofro='1'
set firewall.tofro_forward_4500=rule
set firewall.tofro_forward_4500.name='tofro'
set firewall.tofro_forward_4500.src='wan'
set firewall.tofro_forward_4500.dest='wan'
set firewall.tofro_forward_4500.proto='udp'
set firewall.tofro_forward_4500.dest_ip='198.51.100.3'
set firewall.tofro_forward_4500.dest_port='7100'
set firewall.tofro_forward_4500.target='ACCEPT'
set firewall.tofro_forward_4500.tofro='1'
set firewall.tofro_forward_51820=rule
set firewall.tofro_forward_51820.name='tofro'
set firewall.tofro_forward_51820.src='wan'
set firewall.tofro_forward_51820.dest='wan'
set firewall.tofro_forward_51820.proto='udp'
set firewall.tofro_forward_51820.dest_ip='198.51.100.3'
set firewall.tofro_forward_51820.dest_port='7001'
set firewall.tofro_forward_51820.target='ACCEPT'
set firewall.tofro_forward_51820.tofro='1'
set firewall.tofro_table=include
set firewall.tofro_table.type='nftables'
set firewall.tofro_table.path='/etc/tofro/tofro.nft'
set firewall.tofro_table.position='ruleset-post'
set firewall.tofro_table.tofro='1'
TOFRO
cat >/etc/tofro/tofro.nft <<'TOFRO'
add table inet tofro
delete table inet tofro
add table inet tofro
add set inet tofro tunnels { type ifname; }
add set inet tofro transits { type ifname . ifname; counter; }
add set inet tofro arrivals4 { type ifname . ipv4_addr; flags interval; }
add set inet tofro behind4 { type ipv4_addr; flags interval; }
add set inet tofro arrivals6 { type ifname . ipv6_addr; flags interval; }
add set inet tofro behind6 { type ipv6_addr; flags interval; }
flush set inet tofro behind4
flush set inet tofro behind6
add chain inet tofro arrive { type filter hook prerouting priority raw; policy accept; }
flush chain inet tofro arrive
add rule inet tofro arrive iifname @tunnels iifname . ip saddr != @arrivals4 counter drop
add rule inet tofro arrive iifname @tunnels iifname . ip6 saddr != @arrivals6 counter drop
add chain inet tofro pass { type filter hook forward priority filter; policy accept; }
flush chain inet tofro pass
add rule inet tofro pass iifname . oifname @transits accept
add rule inet tofro pass iifname @tunnels oifname @tunnels counter drop
add rule inet tofro pass iifname @tunnels ct status dnat accept
add rule inet tofro pass iifname @tunnels ip daddr @behind4 accept
add rule inet tofro pass iifname @tunnels ip6 daddr @behind6 accept
add rule inet tofro pass iifname @tunnels counter drop
add chain inet tofro relay { type filter hook prerouting priority raw; policy accept; }
flush chain inet tofro relay
add rule inet tofro relay iifname != @tunnels fib daddr type local meta nfproto ipv4 udp dport 4500 @th,64,32 { 0x1000000, 0x2000000, 0x3000000, 0x4000000 } ct zone set 30430
add rule inet tofro relay iifname != @tunnels fib daddr type local ip saddr 198.51.100.3 udp sport 7100 ct zone set 30430
add rule inet tofro relay iifname != @tunnels fib daddr type local ip saddr 198.51.100.1 udp dport 51820 @th,64,32 { 0x1000000, 0x2000000, 0x3000000, 0x4000000 } ct zone set 2379
add rule inet tofro relay iifname != @tunnels fib daddr type local ip saddr 198.51.100.3 udp sport 7001 ct zone set 2379
add chain inet tofro relay_to { type nat hook prerouting priority dstnat; policy accept; }
flush chain inet tofro relay_to
add rule inet tofro relay_to ct zone 30430 udp dport 4500 dnat ip to 198.51.100.3:7100
add rule inet tofro relay_to ct zone 2379 udp dport 51820 dnat ip to 198.51.100.3:7001
add chain inet tofro relay_from { type nat hook postrouting priority srcnat; policy accept; }
flush chain inet tofro relay_from
add rule inet tofro relay_from ct zone 30430 ct status dnat masquerade
add rule inet tofro relay_from ct zone 2379 ct status dnat masquerade
TOFRO
cat >/etc/sysctl.d/60-tofro.conf <<'TOFRO'
net.ipv4.ip_forward=1
TOFRO
uci commit network; uci commit firewall
sysctl -qp /etc/sysctl.d/60-tofro.conf 2>/dev/null || true
/etc/init.d/network reload; /etc/init.d/firewall restart
