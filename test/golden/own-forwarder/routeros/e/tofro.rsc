# Made by tofro from tofro.yaml: e. Change the network file and export again.
# For RouterOS 7: copy it to the router, `/import tofro.rsc`, and remove it there, for it holds keys.
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
/interface/list/add name="tofro" comment="tofro"
/interface/wireguard/add name="wg-c" listen-port=51820 mtu=1420 private-key="P3m7e0NbBTIWUdrv03TNxoHcBvqmXjdOODN7iMoEbeo=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-c" comment="tofro"
/interface/wireguard/peers/add interface="wg-c" public-key="LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=" preshared-key="GjikV1VlL+CQSvh2SyYU470jM2+EyYuYD8hIT994Tu0=" allowed-address="10.80.0.1/32,10.80.0.3/32,fd80::1/128,fd80::3/128" endpoint-address="198.51.100.3" endpoint-port=7002 comment="tofro"
/interface/wireguard/add name="wg-d-z" listen-port=51821 mtu=1420 private-key="P3m7e0NbBTIWUdrv03TNxoHcBvqmXjdOODN7iMoEbeo=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-d-z" comment="tofro"
/interface/wireguard/peers/add interface="wg-d-z" public-key="UGZPPDpPuKe81WHMbT8ont0w4P9mrxAnnL3vckqLT0M=" preshared-key="lOYc8IGOAPKI+zdLxlkR8jd2qUNcjm9xgqxBCGA/hRQ=" allowed-address="10.80.0.4/32,10.80.0.6/32,fd80::4/128,fd80::6/128" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-c" address="10.80.0.1/32" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-c" address="10.80.0.3/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-c" src-address-list="!tofro-wg-c" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-d-z" address="10.80.0.4/32" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-d-z" address="10.80.0.6/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-d-z" src-address-list="!tofro-wg-d-z" comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop comment="tofro"
/ip/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ip/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ip/firewall/filter" }
/ipv6/firewall/address-list/add list="tofro-wg-c" address="fd80::1/128" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-c" address="fd80::3/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-c" src-address-list="!tofro-wg-c" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-d-z" address="fd80::4/128" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-d-z" address="fd80::6/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-d-z" src-address-list="!tofro-wg-d-z" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop comment="tofro"
/ipv6/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ipv6/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ipv6/firewall/filter" }
/ip/address/add address="10.80.0.5/32" interface="wg-c" comment="tofro"
/ipv6/address/add address="fd80::5/128" interface="wg-c" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.80.0.5/32" interface="wg-d-z" comment="tofro"
/ipv6/address/add address="fd80::5/128" interface="wg-d-z" advertise=no no-dad=yes comment="tofro"
/ip/route/add dst-address="10.80.0.1/32" gateway="wg-c" pref-src="10.80.0.5" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.80.0.3/32" gateway="wg-c" pref-src="10.80.0.5" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.80.0.4/32" gateway="wg-d-z" pref-src="10.80.0.5" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.80.0.6/32" gateway="wg-d-z" pref-src="10.80.0.5" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd80::1/128" gateway="wg-c" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd80::3/128" gateway="wg-c" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd80::4/128" gateway="wg-d-z" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd80::6/128" gateway="wg-d-z" routing-table="main" comment="tofro"
/interface/wireguard/enable [find where comment~"^tofro"]
