# Made by tofro from tofro.yaml: office. Change the network file and export again.
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
/interface/wireguard/add name="wg-hkg" listen-port=51820 mtu=1420 private-key="XMP4KDi6cmAgPkWQzgPQDhZj1B9qUWcUT1yV1r4hZqA=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-hkg" comment="tofro"
/interface/wireguard/peers/add interface="wg-hkg" public-key="4V+HGAtThtDhkz4J7NDHvrlfl1zruV6+Ki6i/GU6DW0=" preshared-key="SOUKx5VO9KrtAiwTupax6WfqlFbcWhxGMMABE/QqFX4=" allowed-address="10.77.0.1/32,10.77.0.3/32,10.77.0.5/32,fd77::1/128,fd77::3/128,fd77::5/128" endpoint-address="198.51.100.11" endpoint-port=51821 persistent-keepalive=25s comment="tofro"
/interface/wireguard/add name="wg-tyo" listen-port=51821 mtu=1420 private-key="XMP4KDi6cmAgPkWQzgPQDhZj1B9qUWcUT1yV1r4hZqA=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-tyo" comment="tofro"
/interface/wireguard/peers/add interface="wg-tyo" public-key="Q75XbtIHK4H0N8/tazFaht+R/N4WkfjA+A75tbNqsgo=" preshared-key="VhxraVMfssXwSEbPtxYPL3GxAIPihyFSS2afTkd20R0=" allowed-address="10.77.0.1/32,10.77.0.4/32,10.77.0.5/32,fd77::1/128,fd77::4/128,fd77::5/128" endpoint-address="198.51.100.12" endpoint-port=51821 persistent-keepalive=25s comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-hkg" address="10.77.0.1/32" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-hkg" address="10.77.0.3/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-hkg" src-address-list="!tofro-wg-hkg" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-tyo" address="10.77.0.4/32" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-tyo" address="10.77.0.5/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-tyo" src-address-list="!tofro-wg-tyo" comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop comment="tofro"
/ip/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ip/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ip/firewall/filter" }
/ipv6/firewall/address-list/add list="tofro-wg-hkg" address="fd77::1/128" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-hkg" address="fd77::3/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-hkg" src-address-list="!tofro-wg-hkg" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-tyo" address="fd77::4/128" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-tyo" address="fd77::5/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-tyo" src-address-list="!tofro-wg-tyo" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop comment="tofro"
/ipv6/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ipv6/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ipv6/firewall/filter" }
/ip/address/add address="10.77.0.2/32" interface="wg-hkg" comment="tofro"
/ipv6/address/add address="fd77::2/128" interface="wg-hkg" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.77.0.2/32" interface="wg-tyo" comment="tofro"
/ipv6/address/add address="fd77::2/128" interface="wg-tyo" advertise=no no-dad=yes comment="tofro"
/ip/route/add dst-address="10.77.0.1/32" gateway="wg-tyo" pref-src="10.77.0.2" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.77.0.3/32" gateway="wg-hkg" pref-src="10.77.0.2" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.77.0.4/32" gateway="wg-tyo" pref-src="10.77.0.2" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.77.0.5/32" gateway="wg-hkg" pref-src="10.77.0.2" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd77::1/128" gateway="wg-tyo" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd77::3/128" gateway="wg-hkg" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd77::4/128" gateway="wg-tyo" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd77::5/128" gateway="wg-hkg" routing-table="main" comment="tofro"
/interface/wireguard/enable [find where comment~"^tofro"]
