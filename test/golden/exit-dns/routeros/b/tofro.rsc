# Made by tofro from tofro.yaml: b. Change the network file and export again.
# For RouterOS 7: copy it to the router, `/import tofro.rsc`, and remove it there, for it holds keys.
# Not here: its own way to an exit. RouterOS cannot mark a tunnel's own packets, so they would go into the tunnel. It goes on using its own uplink: remove its `exit_via`, or put a Linux machine in front of it.
# Not here: carrying traffic for the internet, of 10.50.0.1/32, 192.168.1.0/24, fd50::1/128. That traffic is dropped here: lead its path to the exit by another node.
# Not here: the source address of IPv6 routes. RouterOS takes the tunnel interface's own, which is the node's overlay address: the same.
# Not here: rp_filter of each tunnel interface. RouterOS has one setting for all: /ip/settings rp-filter must be no or loose. The script refuses to run where it is strict.
# Not here: the router's own input chain, which RouterOS's default drops from tunnels and the internet. Accept UDP 51820,51821 there from the internet, and what you want of in-interface-list=tofro, pings among it.
:if ([/ip/settings/get rp-filter] = "strict") do={ :error "tofro: /ip/settings rp-filter=strict drops what comes back another way; set it to loose or no" }
/ip/firewall/filter/remove [find where comment~"^tofro"]
/ip/firewall/mangle/remove [find where comment~"^tofro"]
/ip/firewall/raw/remove [find where comment~"^tofro"]
/ip/firewall/address-list/remove [find where comment~"^tofro"]
/ipv6/firewall/filter/remove [find where comment~"^tofro"]
/ipv6/firewall/mangle/remove [find where comment~"^tofro"]
/ipv6/firewall/raw/remove [find where comment~"^tofro"]
/ipv6/firewall/address-list/remove [find where comment~"^tofro"]
/routing/rule/remove [find where comment~"^tofro"]
/ip/route/remove [find where comment~"^tofro"]
/ipv6/route/remove [find where comment~"^tofro"]
/routing/table/remove [find where comment~"^tofro"]
/ip/address/remove [find where comment~"^tofro"]
/ipv6/address/remove [find where comment~"^tofro"]
/interface/list/member/remove [find where comment~"^tofro"]
/interface/list/remove [find where comment~"^tofro"]
/interface/wireguard/peers/remove [find where comment~"^tofro"]
/interface/wireguard/remove [find where comment~"^tofro"]
/ip/settings/set ip-forward=yes
/ipv6/settings/set forward=yes
/interface/list/add name="tofro" comment="tofro"
/interface/wireguard/add name="wg-a" listen-port=51820 mtu=1420 private-key="PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-a" comment="tofro"
/interface/wireguard/peers/add interface="wg-a" public-key="yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=" preshared-key="Wged69//Etodlk6NcMlRfuQ5vsj02s+8BSd5McO493g=" allowed-address="10.50.0.1/32,192.168.1.0/24,fd50::1/128" comment="tofro"
/interface/wireguard/add name="wg-c" listen-port=51821 mtu=1420 private-key="PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-c" comment="tofro"
/interface/wireguard/peers/add interface="wg-c" public-key="LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=" preshared-key="cEnxv7eAZGMD/n0ACiZ+tGRCNevt+JA/hhFNMPWKcuE=" allowed-address="0.0.0.0/0,10.50.0.3/32,::/0,2001:db8:c::/64,fd50::3/128" endpoint-address="198.51.100.3" endpoint-port=51821 comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-a" address="10.50.0.1/32" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-a" address="192.168.1.0/24" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-a" src-address-list="!tofro-wg-a" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-c" address="10.50.0.3/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-c" src-address-list="!tofro-wg-c" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=notrack in-interface-list="tofro" dst-address-type=!local comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept in-interface="wg-a" out-interface="wg-c" comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop comment="tofro"
/ip/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ip/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ip/firewall/filter" }
/ipv6/firewall/address-list/add list="tofro-wg-a" address="fd50::1/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-a" src-address-list="!tofro-wg-a" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-c" address="2001:db8:c::/64" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-c" address="fd50::3/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-c" src-address-list="!tofro-wg-c" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=notrack in-interface-list="tofro" dst-address-type=!local comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept in-interface="wg-a" out-interface="wg-c" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop comment="tofro"
/ipv6/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ipv6/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ipv6/firewall/filter" }
/ip/address/add address="10.50.0.2/32" interface="wg-a" comment="tofro"
/ipv6/address/add address="fd50::2/128" interface="wg-a" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.50.0.2/32" interface="wg-c" comment="tofro"
/ipv6/address/add address="fd50::2/128" interface="wg-c" advertise=no no-dad=yes comment="tofro"
/ip/route/add dst-address="10.50.0.1/32" gateway="wg-a" pref-src="10.50.0.2" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.50.0.3/32" gateway="wg-c" pref-src="10.50.0.2" routing-table="main" comment="tofro"
/ip/route/add dst-address="192.168.1.0/24" gateway="wg-a" pref-src="10.50.0.2" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="2001:db8:c::/64" gateway="wg-c" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd50::1/128" gateway="wg-a" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd50::3/128" gateway="wg-c" routing-table="main" comment="tofro"
/interface/wireguard/enable [find where comment~"^tofro"]
