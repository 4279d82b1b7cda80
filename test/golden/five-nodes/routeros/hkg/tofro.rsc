# Made by tofro from tofro.yaml: hkg. Change the network file and export again.
# For RouterOS 7: copy it to the router, `/import tofro.rsc`, and remove it there, for it holds keys.
# Not here: the source address of IPv6 routes. RouterOS takes the tunnel interface's own, which is the node's overlay address: the same.
# Not here: rp_filter of each tunnel interface. RouterOS has one setting for all: /ip/settings rp-filter must be no or loose. The script refuses to run where it is strict.
# Not here: the router's own input chain, which RouterOS's default drops from tunnels and the internet. Accept UDP 51820,51823,51821,51822 there from the internet, and what you want of in-interface-list=tofro, pings among it.
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
/interface/wireguard/add name="wg-home" listen-port=51820 mtu=1420 private-key="mkCGzsHeZsE2zCnYzrdwoMqggtDlW+vLZet9W3Wpzjw=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-home" comment="tofro"
/interface/wireguard/peers/add interface="wg-home" public-key="7EPEPMXh7gS+7Tlids6hLrebeDzwW7muILybM7V47hw=" preshared-key="v7Yo1xcRtAYUnceNqaMZUknt9U0TBgCBMYOgT+xqAWg=" allowed-address="10.77.0.1/32,fd77::1/128" comment="tofro"
/interface/wireguard/add name="wg-lax" listen-port=51823 mtu=1420 private-key="mkCGzsHeZsE2zCnYzrdwoMqggtDlW+vLZet9W3Wpzjw=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-lax" comment="tofro"
/interface/wireguard/peers/add interface="wg-lax" public-key="yFfR+rKAeRaLgVg6atrjzD0rqqgbZYxnDCOAP/JbkQw=" preshared-key="cRUfT5aFvK7qR3lQjC0YXGVbeEJ/4LDkrVtQ97QJl5I=" allowed-address="10.77.0.5/32,fd77::5/128" endpoint-address="198.51.100.13" endpoint-port=51821 comment="tofro"
/interface/wireguard/add name="wg-office" listen-port=51821 mtu=1420 private-key="mkCGzsHeZsE2zCnYzrdwoMqggtDlW+vLZet9W3Wpzjw=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-office" comment="tofro"
/interface/wireguard/peers/add interface="wg-office" public-key="U6zFXlSeFGOF5yyW9ZLU9xaxD/9LDFE86GhPgNRYIHg=" preshared-key="SOUKx5VO9KrtAiwTupax6WfqlFbcWhxGMMABE/QqFX4=" allowed-address="10.77.0.2/32,fd77::2/128" comment="tofro"
/interface/wireguard/add name="wg-tyo" listen-port=51822 mtu=1420 private-key="mkCGzsHeZsE2zCnYzrdwoMqggtDlW+vLZet9W3Wpzjw=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-tyo" comment="tofro"
/interface/wireguard/peers/add interface="wg-tyo" public-key="Q75XbtIHK4H0N8/tazFaht+R/N4WkfjA+A75tbNqsgo=" preshared-key="koS1X5KpF3exOXmBlzPjWGSgPdkaJitOgyidE/HCrwY=" allowed-address="10.77.0.4/32,10.77.0.5/32,fd77::4/128,fd77::5/128" endpoint-address="198.51.100.12" endpoint-port=51822 comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-home" address="10.77.0.1/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-home" src-address-list="!tofro-wg-home" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-lax" address="10.77.0.5/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-lax" src-address-list="!tofro-wg-lax" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-office" address="10.77.0.2/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-office" src-address-list="!tofro-wg-office" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-tyo" address="10.77.0.4/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-tyo" src-address-list="!tofro-wg-tyo" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=notrack in-interface-list="tofro" dst-address-type=!local comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept in-interface="wg-home" out-interface="wg-office" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept in-interface="wg-home" out-interface="wg-tyo" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept in-interface="wg-office" out-interface="wg-lax" comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop comment="tofro"
/ip/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ip/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ip/firewall/filter" }
/ipv6/firewall/address-list/add list="tofro-wg-home" address="fd77::1/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-home" src-address-list="!tofro-wg-home" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-lax" address="fd77::5/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-lax" src-address-list="!tofro-wg-lax" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-office" address="fd77::2/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-office" src-address-list="!tofro-wg-office" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-tyo" address="fd77::4/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-tyo" src-address-list="!tofro-wg-tyo" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=notrack in-interface-list="tofro" dst-address-type=!local comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept in-interface="wg-home" out-interface="wg-office" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept in-interface="wg-home" out-interface="wg-tyo" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept in-interface="wg-office" out-interface="wg-lax" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop comment="tofro"
/ipv6/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ipv6/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ipv6/firewall/filter" }
/ip/address/add address="10.77.0.3/32" interface="wg-home" comment="tofro"
/ipv6/address/add address="fd77::3/128" interface="wg-home" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.77.0.3/32" interface="wg-lax" comment="tofro"
/ipv6/address/add address="fd77::3/128" interface="wg-lax" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.77.0.3/32" interface="wg-office" comment="tofro"
/ipv6/address/add address="fd77::3/128" interface="wg-office" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.77.0.3/32" interface="wg-tyo" comment="tofro"
/ipv6/address/add address="fd77::3/128" interface="wg-tyo" advertise=no no-dad=yes comment="tofro"
/routing/table/add name="tofro-11600" fib comment="tofro"
/ip/route/add dst-address="10.77.0.1/32" gateway="wg-home" pref-src="10.77.0.3" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.77.0.2/32" gateway="wg-office" pref-src="10.77.0.3" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.77.0.4/32" gateway="wg-tyo" pref-src="10.77.0.3" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.77.0.5/32" gateway="wg-lax" pref-src="10.77.0.3" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd77::1/128" gateway="wg-home" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd77::2/128" gateway="wg-office" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd77::4/128" gateway="wg-tyo" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd77::5/128" gateway="wg-lax" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.77.0.5/32" gateway="wg-tyo" pref-src="10.77.0.3" routing-table="tofro-11600" comment="tofro"
/ipv6/route/add dst-address="fd77::5/128" gateway="wg-tyo" routing-table="tofro-11600" comment="tofro"
/routing/rule/add src-address="10.77.0.1/32" interface="wg-home" action=lookup table="tofro-11600" comment="tofro"
/routing/rule/add src-address="fd77::1/128" interface="wg-home" action=lookup table="tofro-11600" comment="tofro"
/interface/wireguard/enable [find where comment~"^tofro"]
