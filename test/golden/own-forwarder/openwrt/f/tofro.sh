# Made by tofro from tofro.yaml: f. Change the network file and export again.
# `sh tofro.sh` on the router: replaces what an earlier one wrote. Needs wireguard-tools and kmod-wireguard.
# Not here: interface names with other characters than letters, digits and _: wg-d is wg_d. Everything else is called so in these files, too; `show`, `trace` and `doctor` use the plan's names.
# Not here: the source address of IPv6 routes. The kernel takes the tunnel interface's own, which is the node's overlay address (RFC 6724, rule 5): the same.
# Not here: the firewall zone of the uplink. The files take it to be `wan`; if it is another, change the sections that name it.
set -e; umask 077
mkdir -p /etc/tofro
for config in network firewall; do
  for each in $(uci -q show $config | sed -n "s/^$config[.]\([^.]*\)[.]tofro='1'$/\1/p"); do uci -q delete $config.$each; done
done
uci batch <<'TOFRO'
set network.wg_d=interface
set network.wg_d.proto='wireguard'
set network.wg_d.private_key='JS8QyDYQ68oaBZwLroJV66L5W+TR17z6idckioLZ8RE='
set network.wg_d.listen_port='51820'
set network.wg_d.mtu='1420'
add_list network.wg_d.addresses='10.80.0.6/32'
add_list network.wg_d.addresses='fd80::6/128'
set network.wg_d.nohostroute='1'
set network.wg_d.tofro='1'
set network.wg_d_peer=wireguard_wg_d
set network.wg_d_peer.public_key='UGZPPDpPuKe81WHMbT8ont0w4P9mrxAnnL3vckqLT0M='
set network.wg_d_peer.preshared_key='rTUXQ8ST/ga53TU60QQA3Z7GJ9/QtaRFL78GVrutSqk='
add_list network.wg_d_peer.allowed_ips='10.80.0.1/32'
add_list network.wg_d_peer.allowed_ips='10.80.0.3/32'
add_list network.wg_d_peer.allowed_ips='10.80.0.4/32'
add_list network.wg_d_peer.allowed_ips='10.80.0.5/32'
add_list network.wg_d_peer.allowed_ips='fd80::1/128'
add_list network.wg_d_peer.allowed_ips='fd80::3/128'
add_list network.wg_d_peer.allowed_ips='fd80::4/128'
add_list network.wg_d_peer.allowed_ips='fd80::5/128'
set network.wg_d_peer.route_allowed_ips='0'
set network.wg_d_peer.tofro='1'
set network.tofro_route0=route
set network.tofro_route0.interface='wg_d'
set network.tofro_route0.target='10.80.0.1/32'
set network.tofro_route0.source='10.80.0.6'
set network.tofro_route0.proto='116'
set network.tofro_route0.tofro='1'
set network.tofro_route1=route
set network.tofro_route1.interface='wg_d'
set network.tofro_route1.target='10.80.0.3/32'
set network.tofro_route1.source='10.80.0.6'
set network.tofro_route1.proto='116'
set network.tofro_route1.tofro='1'
set network.tofro_route2=route
set network.tofro_route2.interface='wg_d'
set network.tofro_route2.target='10.80.0.4/32'
set network.tofro_route2.source='10.80.0.6'
set network.tofro_route2.proto='116'
set network.tofro_route2.tofro='1'
set network.tofro_route3=route
set network.tofro_route3.interface='wg_d'
set network.tofro_route3.target='10.80.0.5/32'
set network.tofro_route3.source='10.80.0.6'
set network.tofro_route3.proto='116'
set network.tofro_route3.tofro='1'
set network.tofro_route4=route6
set network.tofro_route4.interface='wg_d'
set network.tofro_route4.target='fd80::1/128'
set network.tofro_route4.proto='116'
set network.tofro_route4.tofro='1'
set network.tofro_route5=route6
set network.tofro_route5.interface='wg_d'
set network.tofro_route5.target='fd80::3/128'
set network.tofro_route5.proto='116'
set network.tofro_route5.tofro='1'
set network.tofro_route6=route6
set network.tofro_route6.interface='wg_d'
set network.tofro_route6.target='fd80::4/128'
set network.tofro_route6.proto='116'
set network.tofro_route6.tofro='1'
set network.tofro_route7=route6
set network.tofro_route7.interface='wg_d'
set network.tofro_route7.target='fd80::5/128'
set network.tofro_route7.proto='116'
set network.tofro_route7.tofro='1'
set firewall.tofro=zone
set firewall.tofro.name='tofro'
add_list firewall.tofro.network='wg_d'
set firewall.tofro.input='ACCEPT'
set firewall.tofro.output='ACCEPT'
set firewall.tofro.forward='ACCEPT'
set firewall.tofro.tofro='1'
set firewall.tofro_ports=rule
set firewall.tofro_ports.name='tofro'
set firewall.tofro_ports.src='wan'
set firewall.tofro_ports.proto='udp'
set firewall.tofro_ports.dest_port='51820'
set firewall.tofro_ports.target='ACCEPT'
set firewall.tofro_ports.tofro='1'
set firewall.tofro_forward_51821=rule
set firewall.tofro_forward_51821.name='tofro'
set firewall.tofro_forward_51821.src='wan'
set firewall.tofro_forward_51821.dest='wan'
set firewall.tofro_forward_51821.proto='udp'
set firewall.tofro_forward_51821.dest_ip='2001:db8::5'
set firewall.tofro_forward_51821.dest_port='51821'
set firewall.tofro_forward_51821.target='ACCEPT'
set firewall.tofro_forward_51821.tofro='1'
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
add rule inet tofro relay iifname != @tunnels fib daddr type local meta nfproto ipv6 udp dport 51821 @th,64,32 { 0x1000000, 0x2000000, 0x3000000, 0x4000000 } ct zone set 11005
add rule inet tofro relay iifname != @tunnels fib daddr type local ip6 saddr 2001:db8::5 udp sport 51821 ct zone set 11005
add chain inet tofro relay_to { type nat hook prerouting priority dstnat; policy accept; }
flush chain inet tofro relay_to
add rule inet tofro relay_to ct zone 11005 udp dport 51821 dnat ip6 to [2001:db8::5]:51821
add chain inet tofro relay_from { type nat hook postrouting priority srcnat; policy accept; }
flush chain inet tofro relay_from
add rule inet tofro relay_from ct zone 11005 ct status dnat masquerade
add element inet tofro tunnels { "wg_d" }
add element inet tofro arrivals4 { "wg_d" . 10.80.0.1/32, "wg_d" . 10.80.0.3/32, "wg_d" . 10.80.0.4/32, "wg_d" . 10.80.0.5/32 }
add element inet tofro arrivals6 { "wg_d" . fd80::1/128, "wg_d" . fd80::3/128, "wg_d" . fd80::4/128, "wg_d" . fd80::5/128 }
TOFRO
cat >/etc/sysctl.d/60-tofro.conf <<'TOFRO'
net.ipv6.conf.all.forwarding=1
net.ipv4.conf.wg_d.rp_filter=2
TOFRO
uci commit network; uci commit firewall
sysctl -qp /etc/sysctl.d/60-tofro.conf 2>/dev/null || true
/etc/init.d/network reload; /etc/init.d/firewall restart
