# Made by tofro from tofro.yaml: d. Change the network file and export again.
# For RouterOS 7: copy it to the router, `/import tofro.rsc`, and remove it there, for it holds keys.
# Not here: the source address of IPv6 routes. RouterOS takes the tunnel interface's own, which is the node's overlay address: the same.
# Not here: rp_filter of each tunnel interface. RouterOS has one setting for all: /ip/settings rp-filter must be no or loose. The script refuses to run where it is strict.
# Not here: the router's own input chain, which RouterOS's default drops from tunnels and the internet. Accept UDP 51820,51821,51822 there from the internet, and what you want of in-interface-list=tofro, pings among it.
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
/interface/wireguard/add name="wg-c-y" listen-port=51820 mtu=1420 private-key="GKw+c0PwFokMUQ6T+TUmEWnZ4/VlQ2Qpgw+vCTT0+OQ=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-c-y" comment="tofro"
/interface/wireguard/peers/add interface="wg-c-y" public-key="LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=" preshared-key="tcJWAIK6QWavjocYOgnhh9SMRp50L0YNmkvLb0gGsrw=" allowed-address="10.80.0.1/32,10.80.0.3/32,fd80::1/128,fd80::3/128" endpoint-address="b.example.net" endpoint-port=4500 persistent-keepalive=25s comment="tofro"
/interface/wireguard/add name="wg-e-z" listen-port=51821 mtu=1420 private-key="GKw+c0PwFokMUQ6T+TUmEWnZ4/VlQ2Qpgw+vCTT0+OQ=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-e-z" comment="tofro"
/interface/wireguard/peers/add interface="wg-e-z" public-key="lQM7f64qOEfwmh/Ll5z34MULuSmhSWWM02L6bdgOIRo=" preshared-key="lOYc8IGOAPKI+zdLxlkR8jd2qUNcjm9xgqxBCGA/hRQ=" allowed-address="10.80.0.5/32,fd80::5/128" endpoint-address="2001:db8::6" endpoint-port=51821 persistent-keepalive=25s comment="tofro"
/interface/wireguard/add name="wg-f" listen-port=51822 mtu=1420 private-key="GKw+c0PwFokMUQ6T+TUmEWnZ4/VlQ2Qpgw+vCTT0+OQ=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-f" comment="tofro"
/interface/wireguard/peers/add interface="wg-f" public-key="pkswARYmg9hxGqYu154LIk3TkN/fwdAUO8rLOgKVIh8=" preshared-key="rTUXQ8ST/ga53TU60QQA3Z7GJ9/QtaRFL78GVrutSqk=" allowed-address="10.80.0.6/32,fd80::6/128" endpoint-address="2001:db8::6" endpoint-port=51820 persistent-keepalive=25s comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-c-y" address="10.80.0.1/32" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-c-y" address="10.80.0.3/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-c-y" src-address-list="!tofro-wg-c-y" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-e-z" address="10.80.0.5/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-e-z" src-address-list="!tofro-wg-e-z" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-f" address="10.80.0.6/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-f" src-address-list="!tofro-wg-f" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=notrack in-interface-list="tofro" dst-address-type=!local comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept in-interface="wg-c-y" out-interface="wg-f" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept in-interface="wg-e-z" out-interface="wg-f" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept in-interface="wg-f" out-interface="wg-c-y" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept in-interface="wg-f" out-interface="wg-e-z" comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop comment="tofro"
/ip/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ip/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ip/firewall/filter" }
/ipv6/firewall/address-list/add list="tofro-wg-c-y" address="fd80::1/128" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-c-y" address="fd80::3/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-c-y" src-address-list="!tofro-wg-c-y" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-e-z" address="fd80::5/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-e-z" src-address-list="!tofro-wg-e-z" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-f" address="fd80::6/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-f" src-address-list="!tofro-wg-f" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=notrack in-interface-list="tofro" dst-address-type=!local comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept in-interface="wg-c-y" out-interface="wg-f" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept in-interface="wg-e-z" out-interface="wg-f" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept in-interface="wg-f" out-interface="wg-c-y" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept in-interface="wg-f" out-interface="wg-e-z" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop comment="tofro"
/ipv6/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ipv6/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ipv6/firewall/filter" }
/ip/address/add address="10.80.0.4/32" interface="wg-c-y" comment="tofro"
/ipv6/address/add address="fd80::4/128" interface="wg-c-y" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.80.0.4/32" interface="wg-e-z" comment="tofro"
/ipv6/address/add address="fd80::4/128" interface="wg-e-z" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.80.0.4/32" interface="wg-f" comment="tofro"
/ipv6/address/add address="fd80::4/128" interface="wg-f" advertise=no no-dad=yes comment="tofro"
/ip/route/add dst-address="10.80.0.1/32" gateway="wg-c-y" pref-src="10.80.0.4" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.80.0.3/32" gateway="wg-c-y" pref-src="10.80.0.4" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.80.0.5/32" gateway="wg-e-z" pref-src="10.80.0.4" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.80.0.6/32" gateway="wg-f" pref-src="10.80.0.4" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd80::1/128" gateway="wg-c-y" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd80::3/128" gateway="wg-c-y" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd80::5/128" gateway="wg-e-z" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd80::6/128" gateway="wg-f" routing-table="main" comment="tofro"
/interface/wireguard/enable [find where comment~"^tofro"]
