# Made by tofro from tofro.yaml: a. Change the network file and export again.
# `sh tofro.sh` on the router: replaces what an earlier one wrote. Needs wireguard-tools and kmod-wireguard.
# Not here: interface names with other characters than letters, digits and _: wg-b is wg_b, wg-c is wg_c. Everything else is called so in these files, too; `show`, `trace` and `doctor` use the plan's names.
# Not here: the source address of IPv6 routes. The kernel takes the tunnel interface's own, which is the node's overlay address (RFC 6724, rule 5): the same.
# Not here: the firewall zone of the subnets behind the router. The files take it to be `lan`; if it is another, change the two `forwarding` sections.
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
set network.wg_b.fwmark='0x2d50'
add_list network.wg_b.addresses='10.50.0.1/32'
add_list network.wg_b.addresses='fd50::1/128'
set network.wg_b.nohostroute='1'
set network.wg_b.tofro='1'
set network.wg_b_peer=wireguard_wg_b
set network.wg_b_peer.public_key='ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M='
set network.wg_b_peer.preshared_key='Wged69//Etodlk6NcMlRfuQ5vsj02s+8BSd5McO493g='
add_list network.wg_b_peer.allowed_ips='0.0.0.0/0'
add_list network.wg_b_peer.allowed_ips='10.50.0.2/32'
add_list network.wg_b_peer.allowed_ips='10.50.0.3/32'
add_list network.wg_b_peer.allowed_ips='::/0'
add_list network.wg_b_peer.allowed_ips='2001:db8:c::/64'
add_list network.wg_b_peer.allowed_ips='fd50::2/128'
add_list network.wg_b_peer.allowed_ips='fd50::3/128'
set network.wg_b_peer.route_allowed_ips='0'
set network.wg_b_peer.endpoint_host='relay.example.net'
set network.wg_b_peer.endpoint_port='51820'
set network.wg_b_peer.persistent_keepalive='25'
set network.wg_b_peer.tofro='1'
set network.wg_c=interface
set network.wg_c.proto='wireguard'
set network.wg_c.private_key='ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='
set network.wg_c.listen_port='51821'
set network.wg_c.mtu='1420'
set network.wg_c.fwmark='0x2d50'
add_list network.wg_c.addresses='10.50.0.1/32'
add_list network.wg_c.addresses='fd50::1/128'
set network.wg_c.nohostroute='1'
set network.wg_c.tofro='1'
set network.wg_c_peer=wireguard_wg_c
set network.wg_c_peer.public_key='LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8='
set network.wg_c_peer.preshared_key='vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0='
add_list network.wg_c_peer.allowed_ips='0.0.0.0/0'
add_list network.wg_c_peer.allowed_ips='10.50.0.3/32'
add_list network.wg_c_peer.allowed_ips='::/0'
add_list network.wg_c_peer.allowed_ips='2001:db8:c::/64'
add_list network.wg_c_peer.allowed_ips='fd50::3/128'
set network.wg_c_peer.route_allowed_ips='0'
set network.wg_c_peer.endpoint_host='198.51.100.3'
set network.wg_c_peer.endpoint_port='51820'
set network.wg_c_peer.persistent_keepalive='25'
set network.wg_c_peer.tofro='1'
set network.tofro_route0=route
set network.tofro_route0.interface='wg_b'
set network.tofro_route0.target='10.50.0.2/32'
set network.tofro_route0.source='10.50.0.1'
set network.tofro_route0.proto='116'
set network.tofro_route0.tofro='1'
set network.tofro_route1=route
set network.tofro_route1.interface='wg_b'
set network.tofro_route1.target='10.50.0.3/32'
set network.tofro_route1.source='10.50.0.1'
set network.tofro_route1.proto='116'
set network.tofro_route1.tofro='1'
set network.tofro_route2=route6
set network.tofro_route2.interface='wg_b'
set network.tofro_route2.target='2001:db8:c::/64'
set network.tofro_route2.proto='116'
set network.tofro_route2.tofro='1'
set network.tofro_route3=route6
set network.tofro_route3.interface='wg_b'
set network.tofro_route3.target='fd50::2/128'
set network.tofro_route3.proto='116'
set network.tofro_route3.tofro='1'
set network.tofro_route4=route6
set network.tofro_route4.interface='wg_b'
set network.tofro_route4.target='fd50::3/128'
set network.tofro_route4.proto='116'
set network.tofro_route4.tofro='1'
set network.tofro_route5=route
set network.tofro_route5.interface='wg_b'
set network.tofro_route5.target='0.0.0.0/0'
set network.tofro_route5.source='10.50.0.1'
set network.tofro_route5.table='16600'
set network.tofro_route5.proto='116'
set network.tofro_route5.tofro='1'
set network.tofro_route6=route6
set network.tofro_route6.interface='wg_b'
set network.tofro_route6.target='::/0'
set network.tofro_route6.table='16600'
set network.tofro_route6.proto='116'
set network.tofro_route6.tofro='1'
set network.tofro_rule0=rule
set network.tofro_rule0.priority='11603'
set network.tofro_rule0.dest='10.50.0.0/24'
set network.tofro_rule0.lookup='main'
set network.tofro_rule0.tofro='1'
set network.tofro_rule1=rule
set network.tofro_rule1.priority='11603'
set network.tofro_rule1.dest='192.168.1.0/24'
set network.tofro_rule1.lookup='main'
set network.tofro_rule1.tofro='1'
set network.tofro_rule2=rule
set network.tofro_rule2.priority='11605'
set network.tofro_rule2.mark='0x2d50'
set network.tofro_rule2.lookup='main'
set network.tofro_rule2.tofro='1'
set network.tofro_rule3=rule
set network.tofro_rule3.priority='11605'
set network.tofro_rule3.dest='203.0.113.9/32'
set network.tofro_rule3.lookup='main'
set network.tofro_rule3.tofro='1'
set network.tofro_rule4=rule
set network.tofro_rule4.priority='11606'
set network.tofro_rule4.mark='0x2d50'
set network.tofro_rule4.action='unreachable'
set network.tofro_rule4.tofro='1'
set network.tofro_rule5=rule
set network.tofro_rule5.priority='11605'
set network.tofro_rule5.lookup='main'
set network.tofro_rule5.suppress_prefixlength='0'
set network.tofro_rule5.tofro='1'
set network.tofro_rule6=rule
set network.tofro_rule6.priority='11607'
set network.tofro_rule6.src='10.50.0.1/32'
set network.tofro_rule6.lookup='16600'
set network.tofro_rule6.tofro='1'
set network.tofro_rule7=rule
set network.tofro_rule7.priority='11607'
set network.tofro_rule7.src='192.168.1.0/24'
set network.tofro_rule7.lookup='16600'
set network.tofro_rule7.tofro='1'
set network.tofro_rule8=rule
set network.tofro_rule8.priority='11607'
set network.tofro_rule8.dest='9.9.9.9/32'
set network.tofro_rule8.lookup='16600'
set network.tofro_rule8.tofro='1'
set network.tofro_rule9=rule
set network.tofro_rule9.priority='11607'
set network.tofro_rule9.dest='149.112.112.112/32'
set network.tofro_rule9.lookup='16600'
set network.tofro_rule9.tofro='1'
set network.tofro_rule10=rule
set network.tofro_rule10.priority='11607'
set network.tofro_rule10.src='0.0.0.0/32'
set network.tofro_rule10.lookup='16600'
set network.tofro_rule10.tofro='1'
set network.tofro_rule11=rule6
set network.tofro_rule11.priority='11603'
set network.tofro_rule11.dest='2001:db8:c::/64'
set network.tofro_rule11.lookup='main'
set network.tofro_rule11.tofro='1'
set network.tofro_rule12=rule6
set network.tofro_rule12.priority='11603'
set network.tofro_rule12.dest='fd50::/64'
set network.tofro_rule12.lookup='main'
set network.tofro_rule12.tofro='1'
set network.tofro_rule13=rule6
set network.tofro_rule13.priority='11605'
set network.tofro_rule13.mark='0x2d50'
set network.tofro_rule13.lookup='main'
set network.tofro_rule13.tofro='1'
set network.tofro_rule14=rule6
set network.tofro_rule14.priority='11606'
set network.tofro_rule14.mark='0x2d50'
set network.tofro_rule14.action='unreachable'
set network.tofro_rule14.tofro='1'
set network.tofro_rule15=rule6
set network.tofro_rule15.priority='11605'
set network.tofro_rule15.lookup='main'
set network.tofro_rule15.suppress_prefixlength='0'
set network.tofro_rule15.tofro='1'
set network.tofro_rule16=rule6
set network.tofro_rule16.priority='11607'
set network.tofro_rule16.src='fd50::1/128'
set network.tofro_rule16.lookup='16600'
set network.tofro_rule16.tofro='1'
set network.tofro_rule17=rule6
set network.tofro_rule17.priority='11608'
set network.tofro_rule17.src='::/1'
set network.tofro_rule17.lookup='main'
set network.tofro_rule17.tofro='1'
set network.tofro_rule18=rule6
set network.tofro_rule18.priority='11608'
set network.tofro_rule18.src='8000::/1'
set network.tofro_rule18.lookup='main'
set network.tofro_rule18.tofro='1'
set network.tofro_rule19=rule6
set network.tofro_rule19.priority='11609'
set network.tofro_rule19.lookup='16600'
set network.tofro_rule19.tofro='1'
set firewall.tofro=zone
set firewall.tofro.name='tofro'
add_list firewall.tofro.network='wg_b'
add_list firewall.tofro.network='wg_c'
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
add set inet tofro except4 { type ipv4_addr; flags interval; }
add set inet tofro leaving6 { type ifname . ipv6_addr; flags interval; }
add set inet tofro inside6 { type ipv6_addr; flags interval; }
add set inet tofro except6 { type ipv6_addr; flags interval; }
flush set inet tofro behind4
add element inet tofro behind4 { 192.168.1.0/24 }
flush set inet tofro behind6
flush set inet tofro inside4
add element inet tofro inside4 { 10.50.0.0/24, 192.168.1.0/24 }
flush set inet tofro except4
add element inet tofro except4 { 203.0.113.9/32 }
flush set inet tofro inside6
add element inet tofro inside6 { 2001:db8:c::/64, fd50::/64 }
flush set inet tofro except6
add chain inet tofro arrive { type filter hook prerouting priority raw; policy accept; }
flush chain inet tofro arrive
add rule inet tofro arrive iifname @tunnels iifname != @answers iifname . ip saddr != @arrivals4 counter drop
add rule inet tofro arrive iifname @answers ip saddr @inside4 iifname . ip saddr != @arrivals4 counter drop
add rule inet tofro arrive iifname @tunnels iifname != @answers iifname . ip6 saddr != @arrivals6 counter drop
add rule inet tofro arrive iifname @answers ip6 saddr @inside6 iifname . ip6 saddr != @arrivals6 counter drop
add chain inet tofro pass { type filter hook forward priority filter; policy accept; }
flush chain inet tofro pass
add rule inet tofro pass iifname . oifname @transits accept
add rule inet tofro pass iifname @tunnels oifname @tunnels counter drop
add rule inet tofro pass iifname @tunnels ct status dnat accept
add rule inet tofro pass iifname @tunnels ip daddr @behind4 accept
add rule inet tofro pass iifname @tunnels ip6 daddr @behind6 accept
add rule inet tofro pass iifname @tunnels counter drop
add chain inet tofro clamp { type filter hook forward priority mangle; policy accept; }
flush chain inet tofro clamp
add rule inet tofro clamp iifname @tunnels meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set 1380
add rule inet tofro clamp iifname @tunnels meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set 1360
add rule inet tofro clamp oifname @tunnels meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set 1380
add rule inet tofro clamp oifname @tunnels meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set 1360
add chain inet tofro ask_names { type route hook output priority mangle; policy accept; }
flush chain inet tofro ask_names
add rule inet tofro ask_names oifname != "lo" udp dport 53 @th,160,128 0x0572656c6179076578616d706c65036e @th,288,24 0x657400 meta mark set 11600
add chain inet tofro ask { type nat hook output priority -100; policy accept; }
flush chain inet tofro ask
add rule inet tofro ask meta l4proto != { tcp, udp } accept
add rule inet tofro ask th dport != 53 accept
add rule inet tofro ask oifname "lo" accept
add rule inet tofro ask meta mark 11600 accept
add rule inet tofro ask ip daddr @inside4 ip daddr != @behind4 accept
add rule inet tofro ask ip6 daddr @inside6 ip6 daddr != @behind6 accept
add rule inet tofro ask ip daddr { 203.0.113.9/32 } accept
add rule inet tofro ask meta nfproto ipv4 meta l4proto { tcp, udp } th dport 53 dnat ip to numgen inc mod 2 map { 0 : 9.9.9.9, 1 : 149.112.112.112 }
add rule inet tofro ask meta nfproto ipv6 ip6 daddr != fe80::/10 meta l4proto { tcp, udp } th dport 53 dnat ip6 to 2001:db8:c::53
add chain inet tofro ask_behind { type nat hook prerouting priority dstnat; policy accept; }
flush chain inet tofro ask_behind
add rule inet tofro ask_behind meta l4proto != { tcp, udp } accept
add rule inet tofro ask_behind th dport != 53 accept
add rule inet tofro ask_behind iifname @tunnels accept
add rule inet tofro ask_behind fib daddr type local accept
add rule inet tofro ask_behind ip daddr @inside4 ip daddr != @behind4 accept
add rule inet tofro ask_behind ip6 daddr @inside6 ip6 daddr != @behind6 accept
add rule inet tofro ask_behind ip daddr { 203.0.113.9/32 } accept
add rule inet tofro ask_behind ip saddr @behind4 meta nfproto ipv4 meta l4proto { tcp, udp } th dport 53 dnat ip to numgen inc mod 2 map { 0 : 9.9.9.9, 1 : 149.112.112.112 }
add rule inet tofro ask_behind ip6 saddr @behind6 meta nfproto ipv6 meta l4proto { tcp, udp } th dport 53 dnat ip6 to 2001:db8:c::53
add chain inet tofro ask_as { type nat hook postrouting priority srcnat; policy accept; }
flush chain inet tofro ask_as
add rule inet tofro ask_as oifname @tunnels ip daddr 9.9.9.9 ip saddr != 10.50.0.1 ip saddr != @behind4 snat ip to 10.50.0.1
add rule inet tofro ask_as oifname @tunnels ip daddr 149.112.112.112 ip saddr != 10.50.0.1 ip saddr != @behind4 snat ip to 10.50.0.1
add rule inet tofro ask_as oifname @tunnels ip6 daddr 2001:db8:c::53 meta l4proto { tcp, udp } th dport 53 ip6 saddr != fd50::1 ip6 saddr != @behind6 snat ip6 to fd50::1
add rule inet tofro ask_as meta mark 11600 oifname != @tunnels ip saddr 10.50.0.1 udp dport 53 masquerade
add rule inet tofro ask_as meta mark 11600 oifname != @tunnels ip6 saddr fd50::1 udp dport 53 masquerade
add chain inet tofro ask_only { type filter hook output priority filter - 1; policy accept; }
flush chain inet tofro ask_only
add rule inet tofro ask_only meta l4proto != { tcp, udp } accept
add rule inet tofro ask_only th dport != 53 accept
add rule inet tofro ask_only oifname "lo" accept
add rule inet tofro ask_only meta mark 11600 accept
add rule inet tofro ask_only ct direction reply accept
add rule inet tofro ask_only ip daddr @inside4 ip daddr != @behind4 accept
add rule inet tofro ask_only ip6 daddr @inside6 ip6 daddr != @behind6 accept
add rule inet tofro ask_only ip daddr { 203.0.113.9/32 } accept
add rule inet tofro ask_only ip daddr { 9.9.9.9, 149.112.112.112 } accept
add rule inet tofro ask_only ip6 daddr { 2001:db8:c::53 } accept
add rule inet tofro ask_only meta l4proto tcp counter reject with tcp reset
add rule inet tofro ask_only counter reject
add chain inet tofro ask_only_behind { type filter hook forward priority filter - 1; policy accept; }
flush chain inet tofro ask_only_behind
add rule inet tofro ask_only_behind meta l4proto != { tcp, udp } accept
add rule inet tofro ask_only_behind th dport != 53 accept
add rule inet tofro ask_only_behind iifname @tunnels accept
add rule inet tofro ask_only_behind ct direction reply accept
add rule inet tofro ask_only_behind ip daddr @inside4 ip daddr != @behind4 accept
add rule inet tofro ask_only_behind ip6 daddr @inside6 ip6 daddr != @behind6 accept
add rule inet tofro ask_only_behind ip daddr { 203.0.113.9/32 } accept
add rule inet tofro ask_only_behind ip daddr { 9.9.9.9, 149.112.112.112 } accept
add rule inet tofro ask_only_behind ip6 daddr { 2001:db8:c::53 } accept
add rule inet tofro ask_only_behind ip saddr @behind4 meta l4proto tcp counter reject with tcp reset
add rule inet tofro ask_only_behind ip saddr @behind4 counter reject
add rule inet tofro ask_only_behind ip6 saddr @behind6 meta l4proto tcp counter reject with tcp reset
add rule inet tofro ask_only_behind ip6 saddr @behind6 counter reject
add chain inet tofro stay_asking { type filter hook postrouting priority filter; policy accept; }
flush chain inet tofro stay_asking
add rule inet tofro stay_asking oifname "lo" accept
add rule inet tofro stay_asking oifname @tunnels accept
add rule inet tofro stay_asking ip daddr { 9.9.9.9, 149.112.112.112 } meta l4proto { tcp, udp } th dport 53 meta mark != 11600 counter drop
add rule inet tofro stay_asking ip6 daddr { 2001:db8:c::53 } meta l4proto { tcp, udp } th dport 53 meta mark != 11600 counter drop
add chain inet tofro stay { type filter hook output priority filter; policy accept; }
flush chain inet tofro stay
add rule inet tofro stay oifname "lo" accept
add rule inet tofro stay oifname @tunnels accept
add rule inet tofro stay meta mark 11600 accept
add rule inet tofro stay udp sport 68 udp dport 67 accept
add rule inet tofro stay udp sport 546 udp dport 547 accept
add rule inet tofro stay icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept
add rule inet tofro stay ct direction reply accept
add rule inet tofro stay ip daddr { 9.9.9.9, 149.112.112.112 } meta l4proto { tcp, udp } th dport 53 meta mark != 11600 accept
add rule inet tofro stay ip6 daddr { 2001:db8:c::53 } meta l4proto { tcp, udp } th dport 53 meta mark != 11600 accept
add rule inet tofro stay ip daddr @except4 accept
add rule inet tofro stay ip daddr @behind4 accept
add rule inet tofro stay ip6 daddr @except6 accept
add rule inet tofro stay ip6 daddr @behind6 accept
add rule inet tofro stay meta nfproto ipv4 tcp flags ack / syn,ack ip saddr != 10.50.0.1 accept
add rule inet tofro stay meta nfproto ipv6 tcp flags ack / syn,ack ip6 saddr != fd50::1 accept
add rule inet tofro stay counter drop
add chain inet tofro stay_behind { type filter hook forward priority filter; policy accept; }
flush chain inet tofro stay_behind
add rule inet tofro stay_behind iifname @tunnels accept
add rule inet tofro stay_behind oifname @tunnels accept
add rule inet tofro stay_behind ct direction reply accept
add rule inet tofro stay_behind ip daddr @except4 accept
add rule inet tofro stay_behind ip daddr @behind4 accept
add rule inet tofro stay_behind ip6 daddr @except6 accept
add rule inet tofro stay_behind ip6 daddr @behind6 accept
add rule inet tofro stay_behind counter drop
add element inet tofro tunnels { "wg_b" }
add element inet tofro arrivals4 { "wg_b" . 10.50.0.2/32 }
add element inet tofro arrivals6 { "wg_b" . fd50::2/128 }
add element inet tofro tunnels { "wg_c" }
add element inet tofro answers { "wg_c" }
add element inet tofro arrivals4 { "wg_c" . 10.50.0.3/32 }
add element inet tofro arrivals6 { "wg_c" . 2001:db8:c::/64, "wg_c" . fd50::3/128 }
TOFRO
cat >/etc/sysctl.d/60-tofro.conf <<'TOFRO'
net.ipv4.ip_forward=1
net.ipv6.conf.all.forwarding=1
net.ipv4.conf.wg_b.rp_filter=2
net.ipv4.conf.wg_c.rp_filter=2
TOFRO
uci commit network; uci commit firewall
sysctl -qp /etc/sysctl.d/60-tofro.conf 2>/dev/null || true
/etc/init.d/network reload; /etc/init.d/firewall restart
