# Made by tofro from tofro.yaml: a. Change the network file and export again.
# For RouterOS 7: copy it to the router, `/import tofro.rsc`, and remove it there, for it holds keys.
# Not here: leading wg-b-lte out by lte, wg-c-lte out by lte. RouterOS cannot mark a tunnel's own packets. They leave by its default route: give each endpoint a route of its own by the uplink, or put a Linux machine in front of it.
# Not here: the TCP MSS 1380 to 10.82.0.3/32, 1360 to fd82::3/128. RouterOS announces what fits the way there; segments come back smaller than they could be.
# Not here: the source address of IPv6 routes. RouterOS takes the tunnel interface's own, which is the node's overlay address: the same.
# Not here: rp_filter of each tunnel interface. RouterOS has one setting for all: /ip/settings rp-filter must be no or loose. The script refuses to run where it is strict.
# Not here: the router's own input chain, which RouterOS's default drops from tunnels and the internet. Accept UDP 51820,51821,51822,51823,51824,51825 there from the internet, and what you want of in-interface-list=tofro, pings among it.
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
/interface/wireguard/add name="wg-b" listen-port=51820 mtu=1420 private-key="ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-b" comment="tofro"
/interface/wireguard/peers/add interface="wg-b" public-key="ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=" preshared-key="Wged69//Etodlk6NcMlRfuQ5vsj02s+8BSd5McO493g=" allowed-address="10.82.0.2/32,fd82::2/128" endpoint-address="b.example.net" endpoint-port=51820 persistent-keepalive=25s comment="tofro"
/interface/wireguard/add name="wg-b-lte" listen-port=51821 mtu=1360 private-key="ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-b-lte" comment="tofro"
/interface/wireguard/peers/add interface="wg-b-lte" public-key="ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=" preshared-key="1imBDbSN0PDhuTkrkU4i7IyelmLckZXbXYDxa9WBjNc=" allowed-address="10.82.0.2/32,fd82::2/128" endpoint-address="b.example.net" endpoint-port=51821 persistent-keepalive=25s comment="tofro"
/interface/wireguard/add name="wg-c" listen-port=51822 mtu=1420 private-key="ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-c" comment="tofro"
/interface/wireguard/peers/add interface="wg-c" public-key="LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=" preshared-key="vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0=" allowed-address="10.82.0.3/32,fd82::3/128" endpoint-address="203.0.113.3" endpoint-port=51820 persistent-keepalive=25s comment="tofro"
/interface/wireguard/add name="wg-c-lte" listen-port=51823 mtu=1360 private-key="ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-c-lte" comment="tofro"
/interface/wireguard/peers/add interface="wg-c-lte" public-key="LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=" preshared-key="bEJHcPOti4DWKlxGuctYGMOT/Q+G2xXsqmG7JqVKPxg=" allowed-address="10.82.0.3/32,fd82::3/128" endpoint-address="203.0.113.3" endpoint-port=51900 persistent-keepalive=25s comment="tofro"
/interface/wireguard/add name="wg-c-second" listen-port=51824 mtu=1420 private-key="ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-c-second" comment="tofro"
/interface/wireguard/peers/add interface="wg-c-second" public-key="LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=" preshared-key="QnR1XIOyl7hm8/g80aXgtp29y16z4d7zm80aWvvvodQ=" allowed-address="10.82.0.3/32,fd82::3/128" endpoint-address="198.51.100.3" endpoint-port=51821 persistent-keepalive=25s comment="tofro"
/interface/wireguard/add name="wg-c-v6" listen-port=51825 mtu=1420 private-key="ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-c-v6" comment="tofro"
/interface/wireguard/peers/add interface="wg-c-v6" public-key="LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=" preshared-key="hvvISAG0wr78AR9dERoQbbgBGF6NFfuuvlqc+BYab+s=" allowed-address="10.82.0.3/32,fd82::3/128" endpoint-address="2001:db8::3" endpoint-port=51822 persistent-keepalive=25s comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-b" address="10.82.0.2/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-b" src-address-list="!tofro-wg-b" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-b-lte" address="10.82.0.2/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-b-lte" src-address-list="!tofro-wg-b-lte" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-c" address="10.82.0.3/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-c" src-address-list="!tofro-wg-c" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-c-lte" address="10.82.0.3/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-c-lte" src-address-list="!tofro-wg-c-lte" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-c-second" address="10.82.0.3/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-c-second" src-address-list="!tofro-wg-c-second" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-c-v6" address="10.82.0.3/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-c-v6" src-address-list="!tofro-wg-c-v6" comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop comment="tofro"
/ip/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ip/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ip/firewall/filter" }
/ip/firewall/mangle/add chain=output out-interface="wg-c-lte" dst-address="10.82.0.3/32" action=change-mss new-mss=1380 protocol=tcp tcp-flags=syn tcp-mss=1381-65535 passthrough=yes comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-b" address="fd82::2/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-b" src-address-list="!tofro-wg-b" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-b-lte" address="fd82::2/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-b-lte" src-address-list="!tofro-wg-b-lte" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-c" address="fd82::3/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-c" src-address-list="!tofro-wg-c" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-c-lte" address="fd82::3/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-c-lte" src-address-list="!tofro-wg-c-lte" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-c-second" address="fd82::3/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-c-second" src-address-list="!tofro-wg-c-second" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-c-v6" address="fd82::3/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-c-v6" src-address-list="!tofro-wg-c-v6" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop comment="tofro"
/ipv6/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ipv6/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ipv6/firewall/filter" }
/ipv6/firewall/mangle/add chain=output out-interface="wg-c-lte" dst-address="fd82::3/128" action=change-mss new-mss=1360 protocol=tcp tcp-flags=syn tcp-mss=1361-65535 passthrough=yes comment="tofro"
/ip/address/add address="10.82.0.1/32" interface="wg-b" comment="tofro"
/ipv6/address/add address="fd82::1/128" interface="wg-b" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.82.0.1/32" interface="wg-b-lte" comment="tofro"
/ipv6/address/add address="fd82::1/128" interface="wg-b-lte" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.82.0.1/32" interface="wg-c" comment="tofro"
/ipv6/address/add address="fd82::1/128" interface="wg-c" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.82.0.1/32" interface="wg-c-lte" comment="tofro"
/ipv6/address/add address="fd82::1/128" interface="wg-c-lte" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.82.0.1/32" interface="wg-c-second" comment="tofro"
/ipv6/address/add address="fd82::1/128" interface="wg-c-second" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.82.0.1/32" interface="wg-c-v6" comment="tofro"
/ipv6/address/add address="fd82::1/128" interface="wg-c-v6" advertise=no no-dad=yes comment="tofro"
/ip/route/add dst-address="10.82.0.2/32" gateway="wg-b" pref-src="10.82.0.1" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.82.0.3/32" gateway="wg-c-lte" pref-src="10.82.0.1" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd82::2/128" gateway="wg-b" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd82::3/128" gateway="wg-c-lte" routing-table="main" comment="tofro"
/interface/wireguard/enable [find where comment~"^tofro"]
