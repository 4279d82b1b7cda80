# Made by tofro from tofro.yaml: c. Change the network file and export again.
# `sh tofro.sh` on the router: replaces what an earlier one wrote. Needs wireguard-tools and kmod-wireguard.
# Not here: interface names with other characters than letters, digits and _: wg-a is wg_a, wg-b is wg_b. Everything else is called so in these files, too; `show`, `trace` and `doctor` use the plan's names.
# Not here: the source address of IPv6 routes. The kernel takes the tunnel interface's own, which is the node's overlay address (RFC 6724, rule 5): the same.
# Not here: the firewall zone of the subnets behind the router. The files take it to be `lan`; if it is another, change the two `forwarding` sections.
# Not here: the firewall zone of the uplink. The files take it to be `wan`; if it is another, change the `forwarding` section.
set -e; umask 077
mkdir -p /etc/tofro
for config in network firewall; do
  for each in $(uci -q show $config | sed -n "s/^$config[.]\([^.]*\)[.]tofro='1'$/\1/p"); do uci -q delete $config.$each; done
done
uci batch <<'TOFRO'
set network.wg_a=interface
set network.wg_a.proto='wireguard'
set network.wg_a.private_key='Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y='
set network.wg_a.listen_port='51820'
set network.wg_a.mtu='1420'
add_list network.wg_a.addresses='10.50.0.3/32'
add_list network.wg_a.addresses='fd50::3/128'
set network.wg_a.nohostroute='1'
set network.wg_a.tofro='1'
set network.wg_a_peer=wireguard_wg_a
set network.wg_a_peer.public_key='yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4='
set network.wg_a_peer.preshared_key='vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0='
add_list network.wg_a_peer.allowed_ips='10.50.0.1/32'
add_list network.wg_a_peer.allowed_ips='192.168.1.0/24'
add_list network.wg_a_peer.allowed_ips='fd50::1/128'
set network.wg_a_peer.route_allowed_ips='0'
set network.wg_a_peer.tofro='1'
set network.wg_b=interface
set network.wg_b.proto='wireguard'
set network.wg_b.private_key='Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y='
set network.wg_b.listen_port='51821'
set network.wg_b.mtu='1420'
add_list network.wg_b.addresses='10.50.0.3/32'
add_list network.wg_b.addresses='fd50::3/128'
set network.wg_b.nohostroute='1'
set network.wg_b.tofro='1'
set network.wg_b_peer=wireguard_wg_b
set network.wg_b_peer.public_key='ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M='
set network.wg_b_peer.preshared_key='cEnxv7eAZGMD/n0ACiZ+tGRCNevt+JA/hhFNMPWKcuE='
add_list network.wg_b_peer.allowed_ips='10.50.0.1/32'
add_list network.wg_b_peer.allowed_ips='10.50.0.2/32'
add_list network.wg_b_peer.allowed_ips='192.168.1.0/24'
add_list network.wg_b_peer.allowed_ips='fd50::1/128'
add_list network.wg_b_peer.allowed_ips='fd50::2/128'
set network.wg_b_peer.route_allowed_ips='0'
set network.wg_b_peer.endpoint_host='relay.example.net'
set network.wg_b_peer.endpoint_port='51821'
set network.wg_b_peer.tofro='1'
set network.tofro_route0=route
set network.tofro_route0.interface='wg_a'
set network.tofro_route0.target='10.50.0.1/32'
set network.tofro_route0.source='10.50.0.3'
set network.tofro_route0.proto='116'
set network.tofro_route0.tofro='1'
set network.tofro_route1=route
set network.tofro_route1.interface='wg_b'
set network.tofro_route1.target='10.50.0.2/32'
set network.tofro_route1.source='10.50.0.3'
set network.tofro_route1.proto='116'
set network.tofro_route1.tofro='1'
set network.tofro_route2=route
set network.tofro_route2.interface='wg_a'
set network.tofro_route2.target='192.168.1.0/24'
set network.tofro_route2.source='10.50.0.3'
set network.tofro_route2.proto='116'
set network.tofro_route2.tofro='1'
set network.tofro_route3=route6
set network.tofro_route3.interface='wg_a'
set network.tofro_route3.target='fd50::1/128'
set network.tofro_route3.proto='116'
set network.tofro_route3.tofro='1'
set network.tofro_route4=route6
set network.tofro_route4.interface='wg_b'
set network.tofro_route4.target='fd50::2/128'
set network.tofro_route4.proto='116'
set network.tofro_route4.tofro='1'
set firewall.tofro=zone
set firewall.tofro.name='tofro'
add_list firewall.tofro.network='wg_a'
add_list firewall.tofro.network='wg_b'
set firewall.tofro.input='ACCEPT'
set firewall.tofro.output='ACCEPT'
set firewall.tofro.forward='ACCEPT'
set firewall.tofro.tofro='1'
set firewall.tofro_in=forwarding
set firewall.tofro_in.src='tofro'
set firewall.tofro_in.dest='lan'
set firewall.tofro_in.tofro='1'
set firewall.tofro_out=forwarding
set firewall.tofro_out.src='lan'
set firewall.tofro_out.dest='tofro'
set firewall.tofro_out.tofro='1'
set firewall.tofro_exit=forwarding
set firewall.tofro_exit.src='tofro'
set firewall.tofro_exit.dest='wan'
set firewall.tofro_exit.tofro='1'
set firewall.tofro_ports=rule
set firewall.tofro_ports.name='tofro'
set firewall.tofro_ports.src='wan'
set firewall.tofro_ports.proto='udp'
set firewall.tofro_ports.dest_port='51820 51821'
set firewall.tofro_ports.target='ACCEPT'
set firewall.tofro_ports.tofro='1'
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
add set inet tofro answers { type ifname; }
add set inet tofro leaving4 { type ifname . ipv4_addr; flags interval; }
add set inet tofro inside4 { type ipv4_addr; flags interval; }
add set inet tofro leaving6 { type ifname . ipv6_addr; flags interval; }
add set inet tofro inside6 { type ipv6_addr; flags interval; }
flush set inet tofro behind4
flush set inet tofro behind6
add element inet tofro behind6 { 2001:db8:c::/64 }
flush set inet tofro inside4
add element inet tofro inside4 { 10.50.0.0/24, 192.168.1.0/24 }
flush set inet tofro inside6
add element inet tofro inside6 { 2001:db8:c::/64, fd50::/64 }
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
add rule inet tofro pass iifname . ip saddr @leaving4 ip daddr != @inside4 accept
add rule inet tofro pass iifname . ip6 saddr @leaving6 ip6 daddr != @inside6 accept
add rule inet tofro pass iifname @tunnels counter drop
add chain inet tofro clamp { type filter hook forward priority mangle; policy accept; }
flush chain inet tofro clamp
add rule inet tofro clamp iifname @tunnels meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set 1380
add rule inet tofro clamp iifname @tunnels meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set 1360
add rule inet tofro clamp oifname @tunnels meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set 1380
add rule inet tofro clamp oifname @tunnels meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set 1360
add chain inet tofro leave { type nat hook postrouting priority srcnat; policy accept; }
flush chain inet tofro leave
add rule inet tofro leave oifname != @tunnels iifname . ip saddr @leaving4 ip daddr != @inside4 masquerade
add rule inet tofro leave oifname != @tunnels iifname . ip6 saddr @leaving6 ip6 daddr != @inside6 masquerade
add element inet tofro tunnels { "wg_a" }
add element inet tofro arrivals4 { "wg_a" . 10.50.0.1/32, "wg_a" . 192.168.1.0/24 }
add element inet tofro arrivals6 { "wg_a" . fd50::1/128 }
add element inet tofro tunnels { "wg_b" }
add element inet tofro arrivals4 { "wg_b" . 10.50.0.1/32, "wg_b" . 10.50.0.2/32, "wg_b" . 192.168.1.0/24 }
add element inet tofro arrivals6 { "wg_b" . fd50::1/128, "wg_b" . fd50::2/128 }
add element inet tofro leaving4 { "wg_b" . 10.50.0.1/32, "wg_b" . 192.168.1.0/24 }
add element inet tofro leaving6 { "wg_b" . fd50::1/128 }
TOFRO
cat >/etc/sysctl.d/60-tofro.conf <<'TOFRO'
net.ipv4.ip_forward=1
net.ipv6.conf.all.forwarding=1
net.ipv4.conf.wg_a.rp_filter=2
net.ipv4.conf.wg_b.rp_filter=2
TOFRO
uci commit network; uci commit firewall
sysctl -qp /etc/sysctl.d/60-tofro.conf 2>/dev/null || true
/etc/init.d/network reload; /etc/init.d/firewall restart
