# Made by tofro from tofro.yaml: c. Change the network file and export again.
# `sh tofro.sh` on the router: replaces what an earlier one wrote. Needs wireguard-tools and kmod-wireguard.
# Not here: interface names with other characters than letters, digits and _: wg-a is wg_a, wg-a-second is wg_a_second, wg-a-v6 is wg_a_v6, wg-b is wg_b, wg-b-second is wg_b_second, wg-b-v6 is wg_b_v6, wg-mobile is wg_mobile. Everything else is called so in these files, too; `show`, `trace` and `doctor` use the plan's names.
# Not here: the TCP MSS of routes (advmss), to 10.82.0.1/32, fd82::1/128. netifd has no such option: the kernel derives it from the way there, and where the way back is narrower, path-MTU discovery finds that out with a lost packet.
# Not here: the source address of IPv6 routes. The kernel takes the tunnel interface's own, which is the node's overlay address (RFC 6724, rule 5): the same.
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
add_list network.wg_a.addresses='10.82.0.3/32'
add_list network.wg_a.addresses='fd82::3/128'
set network.wg_a.nohostroute='1'
set network.wg_a.tofro='1'
set network.wg_a_peer=wireguard_wg_a
set network.wg_a_peer.public_key='yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4='
set network.wg_a_peer.preshared_key='vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0='
add_list network.wg_a_peer.allowed_ips='10.82.0.1/32'
add_list network.wg_a_peer.allowed_ips='fd82::1/128'
set network.wg_a_peer.route_allowed_ips='0'
set network.wg_a_peer.tofro='1'
set network.wg_a_second=interface
set network.wg_a_second.proto='wireguard'
set network.wg_a_second.private_key='Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y='
set network.wg_a_second.listen_port='51821'
set network.wg_a_second.mtu='1420'
set network.wg_a_second.fwmark='0x2d500067'
add_list network.wg_a_second.addresses='10.82.0.3/32'
add_list network.wg_a_second.addresses='fd82::3/128'
set network.wg_a_second.nohostroute='1'
set network.wg_a_second.tofro='1'
set network.wg_a_second_peer=wireguard_wg_a_second
set network.wg_a_second_peer.public_key='yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4='
set network.wg_a_second_peer.preshared_key='QnR1XIOyl7hm8/g80aXgtp29y16z4d7zm80aWvvvodQ='
add_list network.wg_a_second_peer.allowed_ips='10.82.0.1/32'
add_list network.wg_a_second_peer.allowed_ips='fd82::1/128'
set network.wg_a_second_peer.route_allowed_ips='0'
set network.wg_a_second_peer.tofro='1'
set network.wg_a_v6=interface
set network.wg_a_v6.proto='wireguard'
set network.wg_a_v6.private_key='Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y='
set network.wg_a_v6.listen_port='51822'
set network.wg_a_v6.mtu='1420'
add_list network.wg_a_v6.addresses='10.82.0.3/32'
add_list network.wg_a_v6.addresses='fd82::3/128'
set network.wg_a_v6.nohostroute='1'
set network.wg_a_v6.tofro='1'
set network.wg_a_v6_peer=wireguard_wg_a_v6
set network.wg_a_v6_peer.public_key='yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4='
set network.wg_a_v6_peer.preshared_key='hvvISAG0wr78AR9dERoQbbgBGF6NFfuuvlqc+BYab+s='
add_list network.wg_a_v6_peer.allowed_ips='10.82.0.1/32'
add_list network.wg_a_v6_peer.allowed_ips='fd82::1/128'
set network.wg_a_v6_peer.route_allowed_ips='0'
set network.wg_a_v6_peer.tofro='1'
set network.wg_b=interface
set network.wg_b.proto='wireguard'
set network.wg_b.private_key='Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y='
set network.wg_b.listen_port='51823'
set network.wg_b.mtu='1420'
add_list network.wg_b.addresses='10.82.0.3/32'
add_list network.wg_b.addresses='fd82::3/128'
set network.wg_b.nohostroute='1'
set network.wg_b.tofro='1'
set network.wg_b_peer=wireguard_wg_b
set network.wg_b_peer.public_key='ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M='
set network.wg_b_peer.preshared_key='cEnxv7eAZGMD/n0ACiZ+tGRCNevt+JA/hhFNMPWKcuE='
add_list network.wg_b_peer.allowed_ips='10.82.0.2/32'
add_list network.wg_b_peer.allowed_ips='fd82::2/128'
set network.wg_b_peer.route_allowed_ips='0'
set network.wg_b_peer.endpoint_host='b.example.net'
set network.wg_b_peer.endpoint_port='51822'
set network.wg_b_peer.tofro='1'
set network.wg_b_second=interface
set network.wg_b_second.proto='wireguard'
set network.wg_b_second.private_key='Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y='
set network.wg_b_second.listen_port='51824'
set network.wg_b_second.mtu='1420'
set network.wg_b_second.fwmark='0x2d500067'
add_list network.wg_b_second.addresses='10.82.0.3/32'
add_list network.wg_b_second.addresses='fd82::3/128'
set network.wg_b_second.nohostroute='1'
set network.wg_b_second.tofro='1'
set network.wg_b_second_peer=wireguard_wg_b_second
set network.wg_b_second_peer.public_key='ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M='
set network.wg_b_second_peer.preshared_key='kDVeGEJsh+SU4s/3gHEZR93B0CtxzeNCfH55CvV/Cjw='
add_list network.wg_b_second_peer.allowed_ips='10.82.0.2/32'
add_list network.wg_b_second_peer.allowed_ips='fd82::2/128'
set network.wg_b_second_peer.route_allowed_ips='0'
set network.wg_b_second_peer.endpoint_host='b.example.net'
set network.wg_b_second_peer.endpoint_port='51823'
set network.wg_b_second_peer.tofro='1'
set network.wg_b_v6=interface
set network.wg_b_v6.proto='wireguard'
set network.wg_b_v6.private_key='Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y='
set network.wg_b_v6.listen_port='51825'
set network.wg_b_v6.mtu='1420'
add_list network.wg_b_v6.addresses='10.82.0.3/32'
add_list network.wg_b_v6.addresses='fd82::3/128'
set network.wg_b_v6.nohostroute='1'
set network.wg_b_v6.tofro='1'
set network.wg_b_v6_peer=wireguard_wg_b_v6
set network.wg_b_v6_peer.public_key='ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M='
set network.wg_b_v6_peer.preshared_key='GlhfFvzNv2GiS5XRVloD9QcX7TaXG/oljMZpxwL7las='
add_list network.wg_b_v6_peer.allowed_ips='10.82.0.2/32'
add_list network.wg_b_v6_peer.allowed_ips='fd82::2/128'
set network.wg_b_v6_peer.route_allowed_ips='0'
set network.wg_b_v6_peer.tofro='1'
set network.wg_mobile=interface
set network.wg_mobile.proto='wireguard'
set network.wg_mobile.private_key='Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y='
set network.wg_mobile.listen_port='51900'
set network.wg_mobile.mtu='1360'
add_list network.wg_mobile.addresses='10.82.0.3/32'
add_list network.wg_mobile.addresses='fd82::3/128'
set network.wg_mobile.nohostroute='1'
set network.wg_mobile.tofro='1'
set network.wg_mobile_peer=wireguard_wg_mobile
set network.wg_mobile_peer.public_key='yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4='
set network.wg_mobile_peer.preshared_key='bEJHcPOti4DWKlxGuctYGMOT/Q+G2xXsqmG7JqVKPxg='
add_list network.wg_mobile_peer.allowed_ips='10.82.0.1/32'
add_list network.wg_mobile_peer.allowed_ips='fd82::1/128'
set network.wg_mobile_peer.route_allowed_ips='0'
set network.wg_mobile_peer.tofro='1'
set network.tofro_route0=route
set network.tofro_route0.interface='wg_a'
set network.tofro_route0.target='10.82.0.1/32'
set network.tofro_route0.source='10.82.0.3'
set network.tofro_route0.proto='116'
set network.tofro_route0.tofro='1'
set network.tofro_route1=route
set network.tofro_route1.interface='wg_b_second'
set network.tofro_route1.target='10.82.0.2/32'
set network.tofro_route1.source='10.82.0.3'
set network.tofro_route1.proto='116'
set network.tofro_route1.tofro='1'
set network.tofro_route2=route6
set network.tofro_route2.interface='wg_a'
set network.tofro_route2.target='fd82::1/128'
set network.tofro_route2.proto='116'
set network.tofro_route2.tofro='1'
set network.tofro_route3=route6
set network.tofro_route3.interface='wg_b_second'
set network.tofro_route3.target='fd82::2/128'
set network.tofro_route3.proto='116'
set network.tofro_route3.tofro='1'
set network.tofro_rule0=rule
set network.tofro_rule0.priority='11603'
set network.tofro_rule0.mark='0x2d500067'
set network.tofro_rule0.lookup='103'
set network.tofro_rule0.tofro='1'
set network.tofro_rule1=rule
set network.tofro_rule1.priority='11604'
set network.tofro_rule1.mark='0x2d500067'
set network.tofro_rule1.action='unreachable'
set network.tofro_rule1.tofro='1'
set network.tofro_rule2=rule6
set network.tofro_rule2.priority='11603'
set network.tofro_rule2.mark='0x2d500067'
set network.tofro_rule2.lookup='103'
set network.tofro_rule2.tofro='1'
set network.tofro_rule3=rule6
set network.tofro_rule3.priority='11604'
set network.tofro_rule3.mark='0x2d500067'
set network.tofro_rule3.action='unreachable'
set network.tofro_rule3.tofro='1'
set firewall.tofro=zone
set firewall.tofro.name='tofro'
add_list firewall.tofro.network='wg_a'
add_list firewall.tofro.network='wg_a_second'
add_list firewall.tofro.network='wg_a_v6'
add_list firewall.tofro.network='wg_b'
add_list firewall.tofro.network='wg_b_second'
add_list firewall.tofro.network='wg_b_v6'
add_list firewall.tofro.network='wg_mobile'
set firewall.tofro.input='ACCEPT'
set firewall.tofro.output='ACCEPT'
set firewall.tofro.forward='ACCEPT'
set firewall.tofro.tofro='1'
set firewall.tofro_ports=rule
set firewall.tofro_ports.name='tofro'
set firewall.tofro_ports.src='wan'
set firewall.tofro_ports.proto='udp'
set firewall.tofro_ports.dest_port='51820 51821 51822 51823 51824 51825 51900'
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
add element inet tofro tunnels { "wg_a" }
add element inet tofro arrivals4 { "wg_a" . 10.82.0.1/32 }
add element inet tofro arrivals6 { "wg_a" . fd82::1/128 }
add element inet tofro tunnels { "wg_a_second" }
add element inet tofro arrivals4 { "wg_a_second" . 10.82.0.1/32 }
add element inet tofro arrivals6 { "wg_a_second" . fd82::1/128 }
add element inet tofro tunnels { "wg_a_v6" }
add element inet tofro arrivals4 { "wg_a_v6" . 10.82.0.1/32 }
add element inet tofro arrivals6 { "wg_a_v6" . fd82::1/128 }
add element inet tofro tunnels { "wg_b" }
add element inet tofro arrivals4 { "wg_b" . 10.82.0.2/32 }
add element inet tofro arrivals6 { "wg_b" . fd82::2/128 }
add element inet tofro tunnels { "wg_b_second" }
add element inet tofro arrivals4 { "wg_b_second" . 10.82.0.2/32 }
add element inet tofro arrivals6 { "wg_b_second" . fd82::2/128 }
add element inet tofro tunnels { "wg_b_v6" }
add element inet tofro arrivals4 { "wg_b_v6" . 10.82.0.2/32 }
add element inet tofro arrivals6 { "wg_b_v6" . fd82::2/128 }
add element inet tofro tunnels { "wg_mobile" }
add element inet tofro arrivals4 { "wg_mobile" . 10.82.0.1/32 }
add element inet tofro arrivals6 { "wg_mobile" . fd82::1/128 }
TOFRO
cat >/etc/sysctl.d/60-tofro.conf <<'TOFRO'
net.ipv4.conf.wg_a.rp_filter=2
net.ipv4.conf.wg_a_second.rp_filter=2
net.ipv4.conf.wg_a_v6.rp_filter=2
net.ipv4.conf.wg_b.rp_filter=2
net.ipv4.conf.wg_b_second.rp_filter=2
net.ipv4.conf.wg_b_v6.rp_filter=2
net.ipv4.conf.wg_mobile.rp_filter=2
TOFRO
uci commit network; uci commit firewall
sysctl -qp /etc/sysctl.d/60-tofro.conf 2>/dev/null || true
/etc/init.d/network reload; /etc/init.d/firewall restart
