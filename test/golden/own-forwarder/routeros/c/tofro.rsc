# Made by tofro from tofro.yaml: c. Change the network file and export again.
# For RouterOS 7: copy it to the router, `/import tofro.rsc`, and remove it there, for it holds keys.
# Not here: the source address of IPv6 routes. RouterOS takes the tunnel interface's own, which is the node's overlay address: the same.
# Not here: rp_filter of each tunnel interface. RouterOS has one setting for all: /ip/settings rp-filter must be no or loose. The script refuses to run where it is strict.
# Not here: the router's own input chain, which RouterOS's default drops from tunnels and the internet. Accept UDP 7000,7001,7100,7002 there from the internet, and what you want of in-interface-list=tofro, pings among it.
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
/interface/wireguard/add name="wg-a" listen-port=7000 mtu=1420 private-key="Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-a" comment="tofro"
/interface/wireguard/peers/add interface="wg-a" public-key="yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=" preshared-key="vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0=" allowed-address="10.80.0.1/32,fd80::1/128" endpoint-address="198.51.100.1" endpoint-port=51820 comment="tofro"
/interface/wireguard/add name="wg-a-x" listen-port=7001 mtu=1420 private-key="Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-a-x" comment="tofro"
/interface/wireguard/peers/add interface="wg-a-x" public-key="yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=" preshared-key="w3fwHqkaImksrk+tVWuID05xPr0dpcojpzf6LSFDzyI=" allowed-address="10.80.0.1/32,fd80::1/128" comment="tofro"
/interface/wireguard/add name="wg-d-y" listen-port=7100 mtu=1420 private-key="Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-d-y" comment="tofro"
/interface/wireguard/peers/add interface="wg-d-y" public-key="UGZPPDpPuKe81WHMbT8ont0w4P9mrxAnnL3vckqLT0M=" preshared-key="tcJWAIK6QWavjocYOgnhh9SMRp50L0YNmkvLb0gGsrw=" allowed-address="10.80.0.4/32,10.80.0.6/32,fd80::4/128,fd80::6/128" comment="tofro"
/interface/wireguard/add name="wg-e" listen-port=7002 mtu=1420 private-key="Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-e" comment="tofro"
/interface/wireguard/peers/add interface="wg-e" public-key="lQM7f64qOEfwmh/Ll5z34MULuSmhSWWM02L6bdgOIRo=" preshared-key="GjikV1VlL+CQSvh2SyYU470jM2+EyYuYD8hIT994Tu0=" allowed-address="10.80.0.5/32,fd80::5/128" endpoint-address="2001:db8::5" endpoint-port=51820 comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-a" address="10.80.0.1/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-a" src-address-list="!tofro-wg-a" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-a-x" address="10.80.0.1/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-a-x" src-address-list="!tofro-wg-a-x" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-d-y" address="10.80.0.4/32" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-d-y" address="10.80.0.6/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-d-y" src-address-list="!tofro-wg-d-y" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-e" address="10.80.0.5/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-e" src-address-list="!tofro-wg-e" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=notrack in-interface-list="tofro" dst-address-type=!local comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept in-interface="wg-a" out-interface="wg-d-y" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept in-interface="wg-a" out-interface="wg-e" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept in-interface="wg-d-y" out-interface="wg-a" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept in-interface="wg-e" out-interface="wg-a" comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop comment="tofro"
/ip/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ip/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ip/firewall/filter" }
/ipv6/firewall/address-list/add list="tofro-wg-a" address="fd80::1/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-a" src-address-list="!tofro-wg-a" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-a-x" address="fd80::1/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-a-x" src-address-list="!tofro-wg-a-x" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-d-y" address="fd80::4/128" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-d-y" address="fd80::6/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-d-y" src-address-list="!tofro-wg-d-y" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-e" address="fd80::5/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-e" src-address-list="!tofro-wg-e" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=notrack in-interface-list="tofro" dst-address-type=!local comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept in-interface="wg-a" out-interface="wg-d-y" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept in-interface="wg-a" out-interface="wg-e" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept in-interface="wg-d-y" out-interface="wg-a" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept in-interface="wg-e" out-interface="wg-a" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop comment="tofro"
/ipv6/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ipv6/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ipv6/firewall/filter" }
/ip/address/add address="10.80.0.3/32" interface="wg-a" comment="tofro"
/ipv6/address/add address="fd80::3/128" interface="wg-a" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.80.0.3/32" interface="wg-a-x" comment="tofro"
/ipv6/address/add address="fd80::3/128" interface="wg-a-x" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.80.0.3/32" interface="wg-d-y" comment="tofro"
/ipv6/address/add address="fd80::3/128" interface="wg-d-y" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.80.0.3/32" interface="wg-e" comment="tofro"
/ipv6/address/add address="fd80::3/128" interface="wg-e" advertise=no no-dad=yes comment="tofro"
/ip/route/add dst-address="10.80.0.1/32" gateway="wg-a" pref-src="10.80.0.3" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.80.0.4/32" gateway="wg-d-y" pref-src="10.80.0.3" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.80.0.5/32" gateway="wg-e" pref-src="10.80.0.3" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.80.0.6/32" gateway="wg-d-y" pref-src="10.80.0.3" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd80::1/128" gateway="wg-a" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd80::4/128" gateway="wg-d-y" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd80::5/128" gateway="wg-e" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd80::6/128" gateway="wg-d-y" routing-table="main" comment="tofro"
/interface/wireguard/enable [find where comment~"^tofro"]
