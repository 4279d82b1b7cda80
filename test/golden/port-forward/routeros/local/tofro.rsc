# Made by tofro from tofro.yaml: local. Change the network file and export again.
# For RouterOS 7: copy it to the router, `/import tofro.rsc`, and remove it there, for it holds keys.
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
/interface/wireguard/add name="wg-remote" listen-port=51820 mtu=1420 private-key="Jb+OGiOT8RCNNwKbPfVZMjbHVXQuyTRlu6+pspC93PY=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-remote" comment="tofro"
/interface/wireguard/peers/add interface="wg-remote" public-key="WxAeIG3DDacVfmIb3fcX1Sskuuc1hqj32vm0szo0N0M=" preshared-key="p72qw18RxHxaux9WwBgtzfo94eQ2hfYKvKKlL7PjRyA=" allowed-address="192.168.51.2/32" endpoint-address="203.0.113.2" endpoint-port=51820 persistent-keepalive=25s comment="tofro"
/interface/wireguard/add name="wg-remote-hkg" listen-port=51821 mtu=1420 private-key="Jb+OGiOT8RCNNwKbPfVZMjbHVXQuyTRlu6+pspC93PY=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-remote-hkg" comment="tofro"
/interface/wireguard/peers/add interface="wg-remote-hkg" public-key="WxAeIG3DDacVfmIb3fcX1Sskuuc1hqj32vm0szo0N0M=" preshared-key="G8u3S/JgzjxGP6ePRQiVADOpa9DW/w4BZld/QZCDLqk=" allowed-address="192.168.51.2/32" endpoint-address="198.51.100.9" endpoint-port=14967 persistent-keepalive=25s comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-remote" address="192.168.51.2/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-remote" src-address-list="!tofro-wg-remote" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-remote-hkg" address="192.168.51.2/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-remote-hkg" src-address-list="!tofro-wg-remote-hkg" comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop comment="tofro"
/ip/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ip/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ip/firewall/filter" }
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-remote" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-remote-hkg" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop comment="tofro"
/ipv6/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ipv6/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ipv6/firewall/filter" }
/ip/address/add address="192.168.51.3/32" interface="wg-remote" comment="tofro"
/ip/address/add address="192.168.51.3/32" interface="wg-remote-hkg" comment="tofro"
/ip/route/add dst-address="192.168.51.2/32" gateway="wg-remote-hkg" pref-src="192.168.51.3" routing-table="main" comment="tofro"
/interface/wireguard/enable [find where comment~"^tofro"]
