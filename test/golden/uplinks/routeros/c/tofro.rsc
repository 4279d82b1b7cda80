# Made by tofro from tofro.yaml: c. Change the network file and export again.
# For RouterOS 7: copy it to the router, `/import tofro.rsc`, and remove it there, for it holds keys.
# Not here: leading wg-a-second out by second, wg-b-second out by second. RouterOS cannot mark a tunnel's own packets. They leave by its default route: give each endpoint a route of its own by the uplink, or put a Linux machine in front of it.
# Not here: the source address of IPv6 routes. RouterOS takes the tunnel interface's own, which is the node's overlay address: the same.
# Not here: rp_filter of each tunnel interface. RouterOS has one setting for all: /ip/settings rp-filter must be no or loose. The script refuses to run where it is strict.
# Not here: the router's own input chain, which RouterOS's default drops from tunnels and the internet. Accept UDP 51820,51821,51822,51823,51824,51825,51900 there from the internet, and what you want of in-interface-list=tofro, pings among it.
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
/interface/wireguard/add name="wg-a" listen-port=51820 mtu=1420 private-key="Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-a" comment="tofro"
/interface/wireguard/peers/add interface="wg-a" public-key="yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=" preshared-key="vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0=" allowed-address="10.82.0.1/32,fd82::1/128" comment="tofro"
/interface/wireguard/add name="wg-a-second" listen-port=51821 mtu=1420 private-key="Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-a-second" comment="tofro"
/interface/wireguard/peers/add interface="wg-a-second" public-key="yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=" preshared-key="QnR1XIOyl7hm8/g80aXgtp29y16z4d7zm80aWvvvodQ=" allowed-address="10.82.0.1/32,fd82::1/128" comment="tofro"
/interface/wireguard/add name="wg-a-v6" listen-port=51822 mtu=1420 private-key="Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-a-v6" comment="tofro"
/interface/wireguard/peers/add interface="wg-a-v6" public-key="yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=" preshared-key="hvvISAG0wr78AR9dERoQbbgBGF6NFfuuvlqc+BYab+s=" allowed-address="10.82.0.1/32,fd82::1/128" comment="tofro"
/interface/wireguard/add name="wg-b" listen-port=51823 mtu=1420 private-key="Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-b" comment="tofro"
/interface/wireguard/peers/add interface="wg-b" public-key="ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=" preshared-key="cEnxv7eAZGMD/n0ACiZ+tGRCNevt+JA/hhFNMPWKcuE=" allowed-address="10.82.0.2/32,fd82::2/128" endpoint-address="b.example.net" endpoint-port=51822 comment="tofro"
/interface/wireguard/add name="wg-b-second" listen-port=51824 mtu=1420 private-key="Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-b-second" comment="tofro"
/interface/wireguard/peers/add interface="wg-b-second" public-key="ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=" preshared-key="kDVeGEJsh+SU4s/3gHEZR93B0CtxzeNCfH55CvV/Cjw=" allowed-address="10.82.0.2/32,fd82::2/128" endpoint-address="b.example.net" endpoint-port=51823 comment="tofro"
/interface/wireguard/add name="wg-b-v6" listen-port=51825 mtu=1420 private-key="Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-b-v6" comment="tofro"
/interface/wireguard/peers/add interface="wg-b-v6" public-key="ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=" preshared-key="GlhfFvzNv2GiS5XRVloD9QcX7TaXG/oljMZpxwL7las=" allowed-address="10.82.0.2/32,fd82::2/128" comment="tofro"
/interface/wireguard/add name="wg-mobile" listen-port=51900 mtu=1360 private-key="Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-mobile" comment="tofro"
/interface/wireguard/peers/add interface="wg-mobile" public-key="yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=" preshared-key="bEJHcPOti4DWKlxGuctYGMOT/Q+G2xXsqmG7JqVKPxg=" allowed-address="10.82.0.1/32,fd82::1/128" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-a" address="10.82.0.1/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-a" src-address-list="!tofro-wg-a" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-a-second" address="10.82.0.1/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-a-second" src-address-list="!tofro-wg-a-second" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-a-v6" address="10.82.0.1/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-a-v6" src-address-list="!tofro-wg-a-v6" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-b" address="10.82.0.2/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-b" src-address-list="!tofro-wg-b" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-b-second" address="10.82.0.2/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-b-second" src-address-list="!tofro-wg-b-second" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-b-v6" address="10.82.0.2/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-b-v6" src-address-list="!tofro-wg-b-v6" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-mobile" address="10.82.0.1/32" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-mobile" src-address-list="!tofro-wg-mobile" comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop comment="tofro"
/ip/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ip/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ip/firewall/filter" }
/ip/firewall/mangle/add chain=output out-interface="wg-a" dst-address="10.82.0.1/32" action=change-mss new-mss=1320 protocol=tcp tcp-flags=syn tcp-mss=1321-65535 passthrough=yes comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-a" address="fd82::1/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-a" src-address-list="!tofro-wg-a" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-a-second" address="fd82::1/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-a-second" src-address-list="!tofro-wg-a-second" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-a-v6" address="fd82::1/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-a-v6" src-address-list="!tofro-wg-a-v6" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-b" address="fd82::2/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-b" src-address-list="!tofro-wg-b" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-b-second" address="fd82::2/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-b-second" src-address-list="!tofro-wg-b-second" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-b-v6" address="fd82::2/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-b-v6" src-address-list="!tofro-wg-b-v6" comment="tofro"
/ipv6/firewall/address-list/add list="tofro-wg-mobile" address="fd82::1/128" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-mobile" src-address-list="!tofro-wg-mobile" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop comment="tofro"
/ipv6/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ipv6/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ipv6/firewall/filter" }
/ipv6/firewall/mangle/add chain=output out-interface="wg-a" dst-address="fd82::1/128" action=change-mss new-mss=1300 protocol=tcp tcp-flags=syn tcp-mss=1301-65535 passthrough=yes comment="tofro"
/ip/address/add address="10.82.0.3/32" interface="wg-a" comment="tofro"
/ipv6/address/add address="fd82::3/128" interface="wg-a" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.82.0.3/32" interface="wg-a-second" comment="tofro"
/ipv6/address/add address="fd82::3/128" interface="wg-a-second" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.82.0.3/32" interface="wg-a-v6" comment="tofro"
/ipv6/address/add address="fd82::3/128" interface="wg-a-v6" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.82.0.3/32" interface="wg-b" comment="tofro"
/ipv6/address/add address="fd82::3/128" interface="wg-b" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.82.0.3/32" interface="wg-b-second" comment="tofro"
/ipv6/address/add address="fd82::3/128" interface="wg-b-second" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.82.0.3/32" interface="wg-b-v6" comment="tofro"
/ipv6/address/add address="fd82::3/128" interface="wg-b-v6" advertise=no no-dad=yes comment="tofro"
/ip/address/add address="10.82.0.3/32" interface="wg-mobile" comment="tofro"
/ipv6/address/add address="fd82::3/128" interface="wg-mobile" advertise=no no-dad=yes comment="tofro"
/ip/route/add dst-address="10.82.0.1/32" gateway="wg-a" pref-src="10.82.0.3" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.82.0.2/32" gateway="wg-b-second" pref-src="10.82.0.3" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd82::1/128" gateway="wg-a" routing-table="main" comment="tofro"
/ipv6/route/add dst-address="fd82::2/128" gateway="wg-b-second" routing-table="main" comment="tofro"
/interface/wireguard/enable [find where comment~"^tofro"]
