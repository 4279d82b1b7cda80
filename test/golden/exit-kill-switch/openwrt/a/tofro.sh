# Made by tofro from tofro.yaml: a. Change the network file and export again.
# `sh tofro.sh` on the router: replaces what an earlier one wrote. Needs wireguard-tools and kmod-wireguard.
# Not here: interface names with other characters than letters, digits and _: wg-b is wg_b. Everything else is called so in these files, too; `show`, `trace` and `doctor` use the plan's names.
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
set network.wg_b.nohostroute='1'
set network.wg_b.tofro='1'
set network.wg_b_peer=wireguard_wg_b
set network.wg_b_peer.public_key='ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M='
set network.wg_b_peer.preshared_key='Wged69//Etodlk6NcMlRfuQ5vsj02s+8BSd5McO493g='
add_list network.wg_b_peer.allowed_ips='0.0.0.0/0'
add_list network.wg_b_peer.allowed_ips='10.50.0.2/32'
add_list network.wg_b_peer.allowed_ips='10.50.0.3/32'
add_list network.wg_b_peer.allowed_ips='10.50.0.4/32'
set network.wg_b_peer.route_allowed_ips='0'
set network.wg_b_peer.endpoint_host='198.51.100.2'
set network.wg_b_peer.endpoint_port='51820'
set network.wg_b_peer.persistent_keepalive='25'
set network.wg_b_peer.tofro='1'
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
set network.tofro_route2=route
set network.tofro_route2.interface='wg_b'
set network.tofro_route2.target='10.50.0.4/32'
set network.tofro_route2.source='10.50.0.1'
set network.tofro_route2.proto='116'
set network.tofro_route2.tofro='1'
set network.tofro_route3=route
set network.tofro_route3.interface='wg_b'
set network.tofro_route3.target='0.0.0.0/0'
set network.tofro_route3.source='10.50.0.1'
set network.tofro_route3.table='16600'
set network.tofro_route3.proto='116'
set network.tofro_route3.tofro='1'
set network.tofro_rule0=rule
set network.tofro_rule0.priority='11603'
set network.tofro_rule0.dest='10.50.0.0/24'
set network.tofro_rule0.lookup='main'
set network.tofro_rule0.tofro='1'
set network.tofro_rule1=rule
set network.tofro_rule1.priority='11605'
set network.tofro_rule1.mark='0x2d50'
set network.tofro_rule1.lookup='main'
set network.tofro_rule1.tofro='1'
set network.tofro_rule2=rule
set network.tofro_rule2.priority='11605'
set network.tofro_rule2.dest='203.0.113.9/32'
set network.tofro_rule2.lookup='main'
set network.tofro_rule2.tofro='1'
set network.tofro_rule3=rule
set network.tofro_rule3.priority='11606'
set network.tofro_rule3.mark='0x2d50'
set network.tofro_rule3.action='unreachable'
set network.tofro_rule3.tofro='1'
set network.tofro_rule4=rule
set network.tofro_rule4.priority='11605'
set network.tofro_rule4.lookup='main'
set network.tofro_rule4.suppress_prefixlength='0'
set network.tofro_rule4.tofro='1'
set network.tofro_rule5=rule
set network.tofro_rule5.priority='11607'
set network.tofro_rule5.src='10.50.0.1/32'
set network.tofro_rule5.lookup='16600'
set network.tofro_rule5.tofro='1'
set network.tofro_rule6=rule
set network.tofro_rule6.priority='11607'
set network.tofro_rule6.src='0.0.0.0/32'
set network.tofro_rule6.lookup='16600'
set network.tofro_rule6.tofro='1'
set firewall.tofro=zone
set firewall.tofro.name='tofro'
add_list firewall.tofro.network='wg_b'
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
add set inet tofro answers { type ifname; }
add set inet tofro leaving4 { type ifname . ipv4_addr; flags interval; }
add set inet tofro inside4 { type ipv4_addr; flags interval; }
add set inet tofro except4 { type ipv4_addr; flags interval; }
flush set inet tofro behind4
flush set inet tofro inside4
add element inet tofro inside4 { 10.50.0.0/24 }
flush set inet tofro except4
add element inet tofro except4 { 203.0.113.9/32 }
add chain inet tofro arrive { type filter hook prerouting priority raw; policy accept; }
flush chain inet tofro arrive
add rule inet tofro arrive iifname @tunnels iifname != @answers iifname . ip saddr != @arrivals4 counter drop
add rule inet tofro arrive iifname @answers ip saddr @inside4 iifname . ip saddr != @arrivals4 counter drop
add chain inet tofro pass { type filter hook forward priority filter; policy accept; }
flush chain inet tofro pass
add rule inet tofro pass iifname . oifname @transits accept
add rule inet tofro pass iifname @tunnels oifname @tunnels counter drop
add rule inet tofro pass iifname @tunnels ct status dnat accept
add rule inet tofro pass iifname @tunnels ip daddr @behind4 accept
add rule inet tofro pass iifname @tunnels counter drop
add chain inet tofro stay { type filter hook output priority filter; policy accept; }
flush chain inet tofro stay
add rule inet tofro stay oifname "lo" accept
add rule inet tofro stay oifname @tunnels accept
add rule inet tofro stay meta mark 11600 accept
add rule inet tofro stay udp sport 68 udp dport 67 accept
add rule inet tofro stay udp sport 546 udp dport 547 accept
add rule inet tofro stay icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept
add rule inet tofro stay ct direction reply accept
add rule inet tofro stay ip daddr @except4 accept
add rule inet tofro stay ip daddr @behind4 accept
add rule inet tofro stay meta nfproto ipv4 tcp flags ack / syn,ack ip saddr != 10.50.0.1 accept
add rule inet tofro stay meta nfproto ipv6 tcp flags ack / syn,ack accept
add rule inet tofro stay counter drop
add chain inet tofro stay_behind { type filter hook forward priority filter; policy accept; }
flush chain inet tofro stay_behind
add rule inet tofro stay_behind iifname @tunnels accept
add rule inet tofro stay_behind oifname @tunnels accept
add rule inet tofro stay_behind ct direction reply accept
add rule inet tofro stay_behind ip daddr @except4 accept
add rule inet tofro stay_behind ip daddr @behind4 accept
add rule inet tofro stay_behind counter drop
add element inet tofro tunnels { "wg_b" }
add element inet tofro answers { "wg_b" }
add element inet tofro arrivals4 { "wg_b" . 10.50.0.2/32, "wg_b" . 10.50.0.3/32, "wg_b" . 10.50.0.4/32 }
TOFRO
cat >/etc/sysctl.d/60-tofro.conf <<'TOFRO'
net.ipv4.conf.wg_b.rp_filter=2
TOFRO
uci commit network; uci commit firewall
sysctl -qp /etc/sysctl.d/60-tofro.conf 2>/dev/null || true
/etc/init.d/network reload; /etc/init.d/firewall restart
