# Made by tofro from tofro.yaml: a. Change the network file and export again.
# `sh tofro.sh` on the router: replaces what an earlier one wrote. Needs wireguard-tools and kmod-wireguard.
# Not here: interface names with other characters than letters, digits and _: wg-c is wg_c, wg-c-x is wg_c_x. Everything else is called so in these files, too; `show`, `trace` and `doctor` use the plan's names.
# Not here: the source address of IPv6 routes. The kernel takes the tunnel interface's own, which is the node's overlay address (RFC 6724, rule 5): the same.
set -e; umask 077
mkdir -p /etc/tofro
for config in network firewall; do
  for each in $(uci -q show $config | sed -n "s/^$config[.]\([^.]*\)[.]tofro='1'$/\1/p"); do uci -q delete $config.$each; done
done
uci batch <<'TOFRO'
set network.wg_c=interface
set network.wg_c.proto='wireguard'
set network.wg_c.private_key='ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='
set network.wg_c.listen_port='51820'
set network.wg_c.mtu='1420'
add_list network.wg_c.addresses='10.80.0.1/32'
add_list network.wg_c.addresses='fd80::1/128'
set network.wg_c.nohostroute='1'
set network.wg_c.tofro='1'
set network.wg_c_peer=wireguard_wg_c
set network.wg_c_peer.public_key='LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8='
set network.wg_c_peer.preshared_key='vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0='
add_list network.wg_c_peer.allowed_ips='10.80.0.3/32'
add_list network.wg_c_peer.allowed_ips='10.80.0.4/32'
add_list network.wg_c_peer.allowed_ips='10.80.0.5/32'
add_list network.wg_c_peer.allowed_ips='10.80.0.6/32'
add_list network.wg_c_peer.allowed_ips='fd80::3/128'
add_list network.wg_c_peer.allowed_ips='fd80::4/128'
add_list network.wg_c_peer.allowed_ips='fd80::5/128'
add_list network.wg_c_peer.allowed_ips='fd80::6/128'
set network.wg_c_peer.route_allowed_ips='0'
set network.wg_c_peer.endpoint_host='198.51.100.3'
set network.wg_c_peer.endpoint_port='7000'
set network.wg_c_peer.tofro='1'
set network.wg_c_x=interface
set network.wg_c_x.proto='wireguard'
set network.wg_c_x.private_key='ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='
set network.wg_c_x.listen_port='51821'
set network.wg_c_x.mtu='1420'
add_list network.wg_c_x.addresses='10.80.0.1/32'
add_list network.wg_c_x.addresses='fd80::1/128'
set network.wg_c_x.nohostroute='1'
set network.wg_c_x.tofro='1'
set network.wg_c_x_peer=wireguard_wg_c_x
set network.wg_c_x_peer.public_key='LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8='
set network.wg_c_x_peer.preshared_key='w3fwHqkaImksrk+tVWuID05xPr0dpcojpzf6LSFDzyI='
add_list network.wg_c_x_peer.allowed_ips='10.80.0.3/32'
add_list network.wg_c_x_peer.allowed_ips='fd80::3/128'
set network.wg_c_x_peer.route_allowed_ips='0'
set network.wg_c_x_peer.endpoint_host='b.example.net'
set network.wg_c_x_peer.endpoint_port='51820'
set network.wg_c_x_peer.persistent_keepalive='25'
set network.wg_c_x_peer.tofro='1'
set network.tofro_route0=route
set network.tofro_route0.interface='wg_c_x'
set network.tofro_route0.target='10.80.0.3/32'
set network.tofro_route0.source='10.80.0.1'
set network.tofro_route0.proto='116'
set network.tofro_route0.tofro='1'
set network.tofro_route1=route
set network.tofro_route1.interface='wg_c'
set network.tofro_route1.target='10.80.0.4/32'
set network.tofro_route1.source='10.80.0.1'
set network.tofro_route1.proto='116'
set network.tofro_route1.tofro='1'
set network.tofro_route2=route
set network.tofro_route2.interface='wg_c'
set network.tofro_route2.target='10.80.0.5/32'
set network.tofro_route2.source='10.80.0.1'
set network.tofro_route2.proto='116'
set network.tofro_route2.tofro='1'
set network.tofro_route3=route
set network.tofro_route3.interface='wg_c'
set network.tofro_route3.target='10.80.0.6/32'
set network.tofro_route3.source='10.80.0.1'
set network.tofro_route3.proto='116'
set network.tofro_route3.tofro='1'
set network.tofro_route4=route6
set network.tofro_route4.interface='wg_c_x'
set network.tofro_route4.target='fd80::3/128'
set network.tofro_route4.proto='116'
set network.tofro_route4.tofro='1'
set network.tofro_route5=route6
set network.tofro_route5.interface='wg_c'
set network.tofro_route5.target='fd80::4/128'
set network.tofro_route5.proto='116'
set network.tofro_route5.tofro='1'
set network.tofro_route6=route6
set network.tofro_route6.interface='wg_c'
set network.tofro_route6.target='fd80::5/128'
set network.tofro_route6.proto='116'
set network.tofro_route6.tofro='1'
set network.tofro_route7=route6
set network.tofro_route7.interface='wg_c'
set network.tofro_route7.target='fd80::6/128'
set network.tofro_route7.proto='116'
set network.tofro_route7.tofro='1'
set firewall.tofro=zone
set firewall.tofro.name='tofro'
add_list firewall.tofro.network='wg_c'
add_list firewall.tofro.network='wg_c_x'
set firewall.tofro.input='ACCEPT'
set firewall.tofro.output='ACCEPT'
set firewall.tofro.forward='ACCEPT'
set firewall.tofro.tofro='1'
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
add element inet tofro tunnels { "wg_c" }
add element inet tofro arrivals4 { "wg_c" . 10.80.0.3/32, "wg_c" . 10.80.0.4/32, "wg_c" . 10.80.0.5/32, "wg_c" . 10.80.0.6/32 }
add element inet tofro arrivals6 { "wg_c" . fd80::3/128, "wg_c" . fd80::4/128, "wg_c" . fd80::5/128, "wg_c" . fd80::6/128 }
add element inet tofro tunnels { "wg_c_x" }
add element inet tofro arrivals4 { "wg_c_x" . 10.80.0.3/32 }
add element inet tofro arrivals6 { "wg_c_x" . fd80::3/128 }
TOFRO
cat >/etc/sysctl.d/60-tofro.conf <<'TOFRO'
net.ipv4.conf.wg_c.rp_filter=2
net.ipv4.conf.wg_c_x.rp_filter=2
TOFRO
uci commit network; uci commit firewall
sysctl -qp /etc/sysctl.d/60-tofro.conf 2>/dev/null || true
/etc/init.d/network reload; /etc/init.d/firewall restart
