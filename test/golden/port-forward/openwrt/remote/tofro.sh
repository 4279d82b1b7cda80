# Made by tofro from tofro.yaml: remote. Change the network file and export again.
# `sh tofro.sh` on the router: replaces what an earlier one wrote. Needs wireguard-tools and kmod-wireguard.
# Not here: interface names with other characters than letters, digits and _: wg-local is wg_local, wg-local-hkg is wg_local_hkg. Everything else is called so in these files, too; `show`, `trace` and `doctor` use the plan's names.
set -e; umask 077
mkdir -p /etc/tofro
for config in network firewall; do
  for each in $(uci -q show $config | sed -n "s/^$config[.]\([^.]*\)[.]tofro='1'$/\1/p"); do uci -q delete $config.$each; done
done
uci batch <<'TOFRO'
set network.wg_local=interface
set network.wg_local.proto='wireguard'
set network.wg_local.private_key='txGZ69Bws2vqtzF5IMLC8dd3340F5VJ9hFj9pXyxeno='
set network.wg_local.listen_port='51820'
set network.wg_local.mtu='1420'
add_list network.wg_local.addresses='192.168.51.2/32'
set network.wg_local.nohostroute='1'
set network.wg_local.tofro='1'
set network.wg_local_peer=wireguard_wg_local
set network.wg_local_peer.public_key='MkjrEcBWLq3Nox29mDvzLXoliBE8u/+ZBeDx4LwpPOw='
set network.wg_local_peer.preshared_key='p72qw18RxHxaux9WwBgtzfo94eQ2hfYKvKKlL7PjRyA='
add_list network.wg_local_peer.allowed_ips='192.168.51.3/32'
set network.wg_local_peer.route_allowed_ips='0'
set network.wg_local_peer.tofro='1'
set network.wg_local_hkg=interface
set network.wg_local_hkg.proto='wireguard'
set network.wg_local_hkg.private_key='txGZ69Bws2vqtzF5IMLC8dd3340F5VJ9hFj9pXyxeno='
set network.wg_local_hkg.listen_port='51821'
set network.wg_local_hkg.mtu='1420'
add_list network.wg_local_hkg.addresses='192.168.51.2/32'
set network.wg_local_hkg.nohostroute='1'
set network.wg_local_hkg.tofro='1'
set network.wg_local_hkg_peer=wireguard_wg_local_hkg
set network.wg_local_hkg_peer.public_key='MkjrEcBWLq3Nox29mDvzLXoliBE8u/+ZBeDx4LwpPOw='
set network.wg_local_hkg_peer.preshared_key='G8u3S/JgzjxGP6ePRQiVADOpa9DW/w4BZld/QZCDLqk='
add_list network.wg_local_hkg_peer.allowed_ips='192.168.51.3/32'
set network.wg_local_hkg_peer.route_allowed_ips='0'
set network.wg_local_hkg_peer.tofro='1'
set network.tofro_route0=route
set network.tofro_route0.interface='wg_local'
set network.tofro_route0.target='192.168.51.3/32'
set network.tofro_route0.source='192.168.51.2'
set network.tofro_route0.proto='116'
set network.tofro_route0.tofro='1'
set firewall.tofro=zone
set firewall.tofro.name='tofro'
add_list firewall.tofro.network='wg_local'
add_list firewall.tofro.network='wg_local_hkg'
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
add element inet tofro tunnels { "wg_local" }
add element inet tofro arrivals4 { "wg_local" . 192.168.51.3/32 }
add element inet tofro tunnels { "wg_local_hkg" }
add element inet tofro arrivals4 { "wg_local_hkg" . 192.168.51.3/32 }
TOFRO
cat >/etc/sysctl.d/60-tofro.conf <<'TOFRO'
net.ipv4.conf.wg_local.rp_filter=2
net.ipv4.conf.wg_local_hkg.rp_filter=2
TOFRO
uci commit network; uci commit firewall
sysctl -qp /etc/sysctl.d/60-tofro.conf 2>/dev/null || true
/etc/init.d/network reload; /etc/init.d/firewall restart
