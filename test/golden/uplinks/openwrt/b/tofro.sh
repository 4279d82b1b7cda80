# Made by tofro from tofro.yaml: b. Change the network file and export again.
# `sh tofro.sh` on the router: replaces what an earlier one wrote. Needs wireguard-tools and kmod-wireguard.
# Not here: interface names with other characters than letters, digits and _: wg-a is wg_a, wg-a-lte is wg_a_lte, wg-c is wg_c, wg-c-second is wg_c_second, wg-c-v6 is wg_c_v6. Everything else is called so in these files, too; `show`, `trace` and `doctor` use the plan's names.
# Not here: the source address of IPv6 routes. The kernel takes the tunnel interface's own, which is the node's overlay address (RFC 6724, rule 5): the same.
set -e; umask 077
mkdir -p /etc/tofro
for config in network firewall; do
  for each in $(uci -q show $config | sed -n "s/^$config[.]\([^.]*\)[.]tofro='1'$/\1/p"); do uci -q delete $config.$each; done
done
uci batch <<'TOFRO'
set network.wg_a=interface
set network.wg_a.proto='wireguard'
set network.wg_a.private_key='PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='
set network.wg_a.listen_port='51820'
set network.wg_a.mtu='1420'
add_list network.wg_a.addresses='10.82.0.2/32'
add_list network.wg_a.addresses='fd82::2/128'
set network.wg_a.nohostroute='1'
set network.wg_a.tofro='1'
set network.wg_a_peer=wireguard_wg_a
set network.wg_a_peer.public_key='yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4='
set network.wg_a_peer.preshared_key='Wged69//Etodlk6NcMlRfuQ5vsj02s+8BSd5McO493g='
add_list network.wg_a_peer.allowed_ips='10.82.0.1/32'
add_list network.wg_a_peer.allowed_ips='fd82::1/128'
set network.wg_a_peer.route_allowed_ips='0'
set network.wg_a_peer.tofro='1'
set network.wg_a_lte=interface
set network.wg_a_lte.proto='wireguard'
set network.wg_a_lte.private_key='PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='
set network.wg_a_lte.listen_port='51821'
set network.wg_a_lte.mtu='1360'
add_list network.wg_a_lte.addresses='10.82.0.2/32'
add_list network.wg_a_lte.addresses='fd82::2/128'
set network.wg_a_lte.nohostroute='1'
set network.wg_a_lte.tofro='1'
set network.wg_a_lte_peer=wireguard_wg_a_lte
set network.wg_a_lte_peer.public_key='yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4='
set network.wg_a_lte_peer.preshared_key='1imBDbSN0PDhuTkrkU4i7IyelmLckZXbXYDxa9WBjNc='
add_list network.wg_a_lte_peer.allowed_ips='10.82.0.1/32'
add_list network.wg_a_lte_peer.allowed_ips='fd82::1/128'
set network.wg_a_lte_peer.route_allowed_ips='0'
set network.wg_a_lte_peer.tofro='1'
set network.wg_c=interface
set network.wg_c.proto='wireguard'
set network.wg_c.private_key='PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='
set network.wg_c.listen_port='51822'
set network.wg_c.mtu='1420'
add_list network.wg_c.addresses='10.82.0.2/32'
add_list network.wg_c.addresses='fd82::2/128'
set network.wg_c.nohostroute='1'
set network.wg_c.tofro='1'
set network.wg_c_peer=wireguard_wg_c
set network.wg_c_peer.public_key='LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8='
set network.wg_c_peer.preshared_key='cEnxv7eAZGMD/n0ACiZ+tGRCNevt+JA/hhFNMPWKcuE='
add_list network.wg_c_peer.allowed_ips='10.82.0.3/32'
add_list network.wg_c_peer.allowed_ips='fd82::3/128'
set network.wg_c_peer.route_allowed_ips='0'
set network.wg_c_peer.endpoint_host='203.0.113.3'
set network.wg_c_peer.endpoint_port='51823'
set network.wg_c_peer.tofro='1'
set network.wg_c_second=interface
set network.wg_c_second.proto='wireguard'
set network.wg_c_second.private_key='PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='
set network.wg_c_second.listen_port='51823'
set network.wg_c_second.mtu='1420'
add_list network.wg_c_second.addresses='10.82.0.2/32'
add_list network.wg_c_second.addresses='fd82::2/128'
set network.wg_c_second.nohostroute='1'
set network.wg_c_second.tofro='1'
set network.wg_c_second_peer=wireguard_wg_c_second
set network.wg_c_second_peer.public_key='LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8='
set network.wg_c_second_peer.preshared_key='kDVeGEJsh+SU4s/3gHEZR93B0CtxzeNCfH55CvV/Cjw='
add_list network.wg_c_second_peer.allowed_ips='10.82.0.3/32'
add_list network.wg_c_second_peer.allowed_ips='fd82::3/128'
set network.wg_c_second_peer.route_allowed_ips='0'
set network.wg_c_second_peer.endpoint_host='198.51.100.3'
set network.wg_c_second_peer.endpoint_port='51824'
set network.wg_c_second_peer.tofro='1'
set network.wg_c_v6=interface
set network.wg_c_v6.proto='wireguard'
set network.wg_c_v6.private_key='PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='
set network.wg_c_v6.listen_port='51824'
set network.wg_c_v6.mtu='1420'
add_list network.wg_c_v6.addresses='10.82.0.2/32'
add_list network.wg_c_v6.addresses='fd82::2/128'
set network.wg_c_v6.nohostroute='1'
set network.wg_c_v6.tofro='1'
set network.wg_c_v6_peer=wireguard_wg_c_v6
set network.wg_c_v6_peer.public_key='LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8='
set network.wg_c_v6_peer.preshared_key='GlhfFvzNv2GiS5XRVloD9QcX7TaXG/oljMZpxwL7las='
add_list network.wg_c_v6_peer.allowed_ips='10.82.0.3/32'
add_list network.wg_c_v6_peer.allowed_ips='fd82::3/128'
set network.wg_c_v6_peer.route_allowed_ips='0'
set network.wg_c_v6_peer.endpoint_host='2001:db8::3'
set network.wg_c_v6_peer.endpoint_port='51825'
set network.wg_c_v6_peer.persistent_keepalive='25'
set network.wg_c_v6_peer.tofro='1'
set network.tofro_route0=route
set network.tofro_route0.interface='wg_a'
set network.tofro_route0.target='10.82.0.1/32'
set network.tofro_route0.source='10.82.0.2'
set network.tofro_route0.proto='116'
set network.tofro_route0.tofro='1'
set network.tofro_route1=route
set network.tofro_route1.interface='wg_c_v6'
set network.tofro_route1.target='10.82.0.3/32'
set network.tofro_route1.source='10.82.0.2'
set network.tofro_route1.proto='116'
set network.tofro_route1.tofro='1'
set network.tofro_route2=route6
set network.tofro_route2.interface='wg_a'
set network.tofro_route2.target='fd82::1/128'
set network.tofro_route2.proto='116'
set network.tofro_route2.tofro='1'
set network.tofro_route3=route6
set network.tofro_route3.interface='wg_c_v6'
set network.tofro_route3.target='fd82::3/128'
set network.tofro_route3.proto='116'
set network.tofro_route3.tofro='1'
set firewall.tofro=zone
set firewall.tofro.name='tofro'
add_list firewall.tofro.network='wg_a'
add_list firewall.tofro.network='wg_a_lte'
add_list firewall.tofro.network='wg_c'
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
set firewall.tofro_ports.dest_port='51820 51821 51822 51823 51824'
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
add element inet tofro tunnels { "wg_a_lte" }
add element inet tofro arrivals4 { "wg_a_lte" . 10.82.0.1/32 }
add element inet tofro arrivals6 { "wg_a_lte" . fd82::1/128 }
add element inet tofro tunnels { "wg_c" }
add element inet tofro arrivals4 { "wg_c" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg_c" . fd82::3/128 }
add element inet tofro tunnels { "wg_c_second" }
add element inet tofro arrivals4 { "wg_c_second" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg_c_second" . fd82::3/128 }
add element inet tofro tunnels { "wg_c_v6" }
add element inet tofro arrivals4 { "wg_c_v6" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg_c_v6" . fd82::3/128 }
TOFRO
cat >/etc/sysctl.d/60-tofro.conf <<'TOFRO'
net.ipv4.conf.wg_a.rp_filter=2
net.ipv4.conf.wg_a_lte.rp_filter=2
net.ipv4.conf.wg_c.rp_filter=2
net.ipv4.conf.wg_c_second.rp_filter=2
net.ipv4.conf.wg_c_v6.rp_filter=2
TOFRO
uci commit network; uci commit firewall
sysctl -qp /etc/sysctl.d/60-tofro.conf 2>/dev/null || true
/etc/init.d/network reload; /etc/init.d/firewall restart
