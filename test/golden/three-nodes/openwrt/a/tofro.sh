# Made by tofro from tofro.yaml: a. Change the network file and export again.
# `sh tofro.sh` on the router: replaces what an earlier one wrote. Needs wireguard-tools and kmod-wireguard.
# Not here: interface names with other characters than letters, digits and _: wg-b is wg_b, wg-c is wg_c. Everything else is called so in these files, too; `show`, `trace` and `doctor` use the plan's names.
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
add_list network.wg_b.addresses='192.168.51.5/32'
set network.wg_b.nohostroute='1'
set network.wg_b.tofro='1'
set network.wg_b_peer=wireguard_wg_b
set network.wg_b_peer.public_key='ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M='
set network.wg_b_peer.preshared_key='Wged69//Etodlk6NcMlRfuQ5vsj02s+8BSd5McO493g='
add_list network.wg_b_peer.allowed_ips='192.168.51.1/32'
add_list network.wg_b_peer.allowed_ips='192.168.51.2/32'
set network.wg_b_peer.route_allowed_ips='0'
set network.wg_b_peer.endpoint_host='198.51.100.1'
set network.wg_b_peer.endpoint_port='51820'
set network.wg_b_peer.persistent_keepalive='25'
set network.wg_b_peer.tofro='1'
set network.wg_c=interface
set network.wg_c.proto='wireguard'
set network.wg_c.private_key='ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='
set network.wg_c.listen_port='51821'
set network.wg_c.mtu='1420'
add_list network.wg_c.addresses='192.168.51.5/32'
set network.wg_c.nohostroute='1'
set network.wg_c.tofro='1'
set network.wg_c_peer=wireguard_wg_c
set network.wg_c_peer.public_key='LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8='
set network.wg_c_peer.preshared_key='vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0='
add_list network.wg_c_peer.allowed_ips='192.168.51.2/32'
set network.wg_c_peer.route_allowed_ips='0'
set network.wg_c_peer.endpoint_host='198.51.100.2'
set network.wg_c_peer.endpoint_port='51820'
set network.wg_c_peer.persistent_keepalive='25'
set network.wg_c_peer.tofro='1'
set network.tofro_route0=route
set network.tofro_route0.interface='wg_b'
set network.tofro_route0.target='192.168.51.1/32'
set network.tofro_route0.source='192.168.51.5'
set network.tofro_route0.proto='116'
set network.tofro_route0.tofro='1'
set network.tofro_route1=route
set network.tofro_route1.interface='wg_b'
set network.tofro_route1.target='192.168.51.2/32'
set network.tofro_route1.source='192.168.51.5'
set network.tofro_route1.proto='116'
set network.tofro_route1.tofro='1'
set firewall.tofro=zone
set firewall.tofro.name='tofro'
add_list firewall.tofro.network='wg_b'
add_list firewall.tofro.network='wg_c'
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
flush set inet tofro behind4
add chain inet tofro arrive { type filter hook prerouting priority raw; policy accept; }
flush chain inet tofro arrive
add rule inet tofro arrive iifname @tunnels iifname . ip saddr != @arrivals4 counter drop
add chain inet tofro pass { type filter hook forward priority filter; policy accept; }
flush chain inet tofro pass
add rule inet tofro pass iifname . oifname @transits accept
add rule inet tofro pass iifname @tunnels oifname @tunnels counter drop
add rule inet tofro pass iifname @tunnels ct status dnat accept
add rule inet tofro pass iifname @tunnels ip daddr @behind4 accept
add rule inet tofro pass iifname @tunnels counter drop
add element inet tofro tunnels { "wg_b" }
add element inet tofro arrivals4 { "wg_b" . 192.168.51.1/32 }
add element inet tofro tunnels { "wg_c" }
add element inet tofro arrivals4 { "wg_c" . 192.168.51.2/32 }
TOFRO
cat >/etc/sysctl.d/60-tofro.conf <<'TOFRO'
net.ipv4.conf.wg_b.rp_filter=2
net.ipv4.conf.wg_c.rp_filter=2
TOFRO
uci commit network; uci commit firewall
sysctl -qp /etc/sysctl.d/60-tofro.conf 2>/dev/null || true
/etc/init.d/network reload; /etc/init.d/firewall restart
