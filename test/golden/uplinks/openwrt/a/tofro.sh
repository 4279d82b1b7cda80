# Made by tofro from tofro.yaml: a. Change the network file and export again.
# `sh tofro.sh` on the router: replaces what an earlier one wrote. Needs wireguard-tools and kmod-wireguard.
# Not here: interface names with other characters than letters, digits and _: wg-b is wg_b, wg-b-lte is wg_b_lte, wg-c is wg_c, wg-c-lte is wg_c_lte, wg-c-second is wg_c_second, wg-c-v6 is wg_c_v6. Everything else is called so in these files, too; `show`, `trace` and `doctor` use the plan's names.
# Not here: the TCP MSS of routes (advmss), to 10.82.0.3/32, fd82::3/128. netifd has no such option: the kernel derives it from the way there, and where the way back is narrower, path-MTU discovery finds that out with a lost packet.
# Not here: the source address of IPv6 routes. The kernel takes the tunnel interface's own, which is the node's overlay address (RFC 6724, rule 5): the same.
set -e; umask 077
mkdir -p /etc/tofro
for config in network firewall; do
  for each in $(uci -q show $config | sed -n "s/^$config[.]\([^.]*\)[.]tofro='1'$/\1/p"); do uci -q delete $config.$each; done
done
uci batch <<'TOFRO'
set network.wg_b=interface
set network.wg_b.proto='wireguard'
set network.wg_b.private_key='ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='
set network.wg_b.listen_port='51820'
set network.wg_b.mtu='1420'
add_list network.wg_b.addresses='10.82.0.1/32'
add_list network.wg_b.addresses='fd82::1/128'
set network.wg_b.nohostroute='1'
set network.wg_b.tofro='1'
set network.wg_b_peer=wireguard_wg_b
set network.wg_b_peer.public_key='ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M='
set network.wg_b_peer.preshared_key='Wged69//Etodlk6NcMlRfuQ5vsj02s+8BSd5McO493g='
add_list network.wg_b_peer.allowed_ips='10.82.0.2/32'
add_list network.wg_b_peer.allowed_ips='fd82::2/128'
set network.wg_b_peer.route_allowed_ips='0'
set network.wg_b_peer.endpoint_host='b.example.net'
set network.wg_b_peer.endpoint_port='51820'
set network.wg_b_peer.persistent_keepalive='25'
set network.wg_b_peer.tofro='1'
set network.wg_b_lte=interface
set network.wg_b_lte.proto='wireguard'
set network.wg_b_lte.private_key='ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='
set network.wg_b_lte.listen_port='51821'
set network.wg_b_lte.mtu='1360'
set network.wg_b_lte.fwmark='0x2d500066'
add_list network.wg_b_lte.addresses='10.82.0.1/32'
add_list network.wg_b_lte.addresses='fd82::1/128'
set network.wg_b_lte.nohostroute='1'
set network.wg_b_lte.tofro='1'
set network.wg_b_lte_peer=wireguard_wg_b_lte
set network.wg_b_lte_peer.public_key='ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M='
set network.wg_b_lte_peer.preshared_key='1imBDbSN0PDhuTkrkU4i7IyelmLckZXbXYDxa9WBjNc='
add_list network.wg_b_lte_peer.allowed_ips='10.82.0.2/32'
add_list network.wg_b_lte_peer.allowed_ips='fd82::2/128'
set network.wg_b_lte_peer.route_allowed_ips='0'
set network.wg_b_lte_peer.endpoint_host='b.example.net'
set network.wg_b_lte_peer.endpoint_port='51821'
set network.wg_b_lte_peer.persistent_keepalive='25'
set network.wg_b_lte_peer.tofro='1'
set network.wg_c=interface
set network.wg_c.proto='wireguard'
set network.wg_c.private_key='ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='
set network.wg_c.listen_port='51822'
set network.wg_c.mtu='1420'
add_list network.wg_c.addresses='10.82.0.1/32'
add_list network.wg_c.addresses='fd82::1/128'
set network.wg_c.nohostroute='1'
set network.wg_c.tofro='1'
set network.wg_c_peer=wireguard_wg_c
set network.wg_c_peer.public_key='LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8='
set network.wg_c_peer.preshared_key='vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0='
add_list network.wg_c_peer.allowed_ips='10.82.0.3/32'
add_list network.wg_c_peer.allowed_ips='fd82::3/128'
set network.wg_c_peer.route_allowed_ips='0'
set network.wg_c_peer.endpoint_host='203.0.113.3'
set network.wg_c_peer.endpoint_port='51820'
set network.wg_c_peer.persistent_keepalive='25'
set network.wg_c_peer.tofro='1'
set network.wg_c_lte=interface
set network.wg_c_lte.proto='wireguard'
set network.wg_c_lte.private_key='ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='
set network.wg_c_lte.listen_port='51823'
set network.wg_c_lte.mtu='1360'
set network.wg_c_lte.fwmark='0x2d500066'
add_list network.wg_c_lte.addresses='10.82.0.1/32'
add_list network.wg_c_lte.addresses='fd82::1/128'
set network.wg_c_lte.nohostroute='1'
set network.wg_c_lte.tofro='1'
set network.wg_c_lte_peer=wireguard_wg_c_lte
set network.wg_c_lte_peer.public_key='LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8='
set network.wg_c_lte_peer.preshared_key='bEJHcPOti4DWKlxGuctYGMOT/Q+G2xXsqmG7JqVKPxg='
add_list network.wg_c_lte_peer.allowed_ips='10.82.0.3/32'
add_list network.wg_c_lte_peer.allowed_ips='fd82::3/128'
set network.wg_c_lte_peer.route_allowed_ips='0'
set network.wg_c_lte_peer.endpoint_host='203.0.113.3'
set network.wg_c_lte_peer.endpoint_port='51900'
set network.wg_c_lte_peer.persistent_keepalive='25'
set network.wg_c_lte_peer.tofro='1'
set network.wg_c_second=interface
set network.wg_c_second.proto='wireguard'
set network.wg_c_second.private_key='ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='
set network.wg_c_second.listen_port='51824'
set network.wg_c_second.mtu='1420'
add_list network.wg_c_second.addresses='10.82.0.1/32'
add_list network.wg_c_second.addresses='fd82::1/128'
set network.wg_c_second.nohostroute='1'
set network.wg_c_second.tofro='1'
set network.wg_c_second_peer=wireguard_wg_c_second
set network.wg_c_second_peer.public_key='LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8='
set network.wg_c_second_peer.preshared_key='QnR1XIOyl7hm8/g80aXgtp29y16z4d7zm80aWvvvodQ='
add_list network.wg_c_second_peer.allowed_ips='10.82.0.3/32'
add_list network.wg_c_second_peer.allowed_ips='fd82::3/128'
set network.wg_c_second_peer.route_allowed_ips='0'
set network.wg_c_second_peer.endpoint_host='198.51.100.3'
set network.wg_c_second_peer.endpoint_port='51821'
set network.wg_c_second_peer.persistent_keepalive='25'
set network.wg_c_second_peer.tofro='1'
set network.wg_c_v6=interface
set network.wg_c_v6.proto='wireguard'
set network.wg_c_v6.private_key='ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='
set network.wg_c_v6.listen_port='51825'
set network.wg_c_v6.mtu='1420'
add_list network.wg_c_v6.addresses='10.82.0.1/32'
add_list network.wg_c_v6.addresses='fd82::1/128'
set network.wg_c_v6.nohostroute='1'
set network.wg_c_v6.tofro='1'
set network.wg_c_v6_peer=wireguard_wg_c_v6
set network.wg_c_v6_peer.public_key='LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8='
set network.wg_c_v6_peer.preshared_key='hvvISAG0wr78AR9dERoQbbgBGF6NFfuuvlqc+BYab+s='
add_list network.wg_c_v6_peer.allowed_ips='10.82.0.3/32'
add_list network.wg_c_v6_peer.allowed_ips='fd82::3/128'
set network.wg_c_v6_peer.route_allowed_ips='0'
set network.wg_c_v6_peer.endpoint_host='2001:db8::3'
set network.wg_c_v6_peer.endpoint_port='51822'
set network.wg_c_v6_peer.persistent_keepalive='25'
set network.wg_c_v6_peer.tofro='1'
set network.tofro_route0=route
set network.tofro_route0.interface='wg_b'
set network.tofro_route0.target='10.82.0.2/32'
set network.tofro_route0.source='10.82.0.1'
set network.tofro_route0.proto='116'
set network.tofro_route0.tofro='1'
set network.tofro_route1=route
set network.tofro_route1.interface='wg_c_lte'
set network.tofro_route1.target='10.82.0.3/32'
set network.tofro_route1.source='10.82.0.1'
set network.tofro_route1.proto='116'
set network.tofro_route1.tofro='1'
set network.tofro_route2=route6
set network.tofro_route2.interface='wg_b'
set network.tofro_route2.target='fd82::2/128'
set network.tofro_route2.proto='116'
set network.tofro_route2.tofro='1'
set network.tofro_route3=route6
set network.tofro_route3.interface='wg_c_lte'
set network.tofro_route3.target='fd82::3/128'
set network.tofro_route3.proto='116'
set network.tofro_route3.tofro='1'
set network.tofro_rule0=rule
set network.tofro_rule0.priority='11603'
set network.tofro_rule0.mark='0x2d500066'
set network.tofro_rule0.lookup='102'
set network.tofro_rule0.tofro='1'
set network.tofro_rule1=rule
set network.tofro_rule1.priority='11604'
set network.tofro_rule1.mark='0x2d500066'
set network.tofro_rule1.action='unreachable'
set network.tofro_rule1.tofro='1'
set network.tofro_rule2=rule6
set network.tofro_rule2.priority='11603'
set network.tofro_rule2.mark='0x2d500066'
set network.tofro_rule2.lookup='102'
set network.tofro_rule2.tofro='1'
set network.tofro_rule3=rule6
set network.tofro_rule3.priority='11604'
set network.tofro_rule3.mark='0x2d500066'
set network.tofro_rule3.action='unreachable'
set network.tofro_rule3.tofro='1'
set firewall.tofro=zone
set firewall.tofro.name='tofro'
add_list firewall.tofro.network='wg_b'
add_list firewall.tofro.network='wg_b_lte'
add_list firewall.tofro.network='wg_c'
add_list firewall.tofro.network='wg_c_lte'
add_list firewall.tofro.network='wg_c_second'
add_list firewall.tofro.network='wg_c_v6'
set firewall.tofro.input='ACCEPT'
set firewall.tofro.output='ACCEPT'
set firewall.tofro.forward='ACCEPT'
set firewall.tofro.tofro='1'
set firewall.tofro_ports=rule
set firewall.tofro_ports.name='tofro'
set firewall.tofro_ports.src='wan'
set firewall.tofro_ports.proto='udp'
set firewall.tofro_ports.dest_port='51820 51821 51822 51823 51824 51825'
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
add element inet tofro tunnels { "wg_b" }
add element inet tofro arrivals4 { "wg_b" . 10.82.0.2/32 }
add element inet tofro arrivals6 { "wg_b" . fd82::2/128 }
add element inet tofro tunnels { "wg_b_lte" }
add element inet tofro arrivals4 { "wg_b_lte" . 10.82.0.2/32 }
add element inet tofro arrivals6 { "wg_b_lte" . fd82::2/128 }
add element inet tofro tunnels { "wg_c" }
add element inet tofro arrivals4 { "wg_c" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg_c" . fd82::3/128 }
add element inet tofro tunnels { "wg_c_lte" }
add element inet tofro arrivals4 { "wg_c_lte" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg_c_lte" . fd82::3/128 }
add element inet tofro tunnels { "wg_c_second" }
add element inet tofro arrivals4 { "wg_c_second" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg_c_second" . fd82::3/128 }
add element inet tofro tunnels { "wg_c_v6" }
add element inet tofro arrivals4 { "wg_c_v6" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg_c_v6" . fd82::3/128 }
TOFRO
cat >/etc/sysctl.d/60-tofro.conf <<'TOFRO'
net.ipv4.conf.wg_b.rp_filter=2
net.ipv4.conf.wg_b_lte.rp_filter=2
net.ipv4.conf.wg_c.rp_filter=2
net.ipv4.conf.wg_c_lte.rp_filter=2
net.ipv4.conf.wg_c_second.rp_filter=2
net.ipv4.conf.wg_c_v6.rp_filter=2
TOFRO
uci commit network; uci commit firewall
sysctl -qp /etc/sysctl.d/60-tofro.conf 2>/dev/null || true
/etc/init.d/network reload; /etc/init.d/firewall restart
