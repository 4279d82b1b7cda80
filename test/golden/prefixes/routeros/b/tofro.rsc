# Made by tofro from tofro.yaml: b. Change the network file and export again.
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
/ip/settings/set ip-forward=yes
/interface/list/add name="tofro" comment="tofro"
/interface/wireguard/add name="wg-home" listen-port=51820 mtu=1420 private-key="PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-home" comment="tofro"
/interface/wireguard/peers/add interface="wg-home" public-key="7EPEPMXh7gS+7Tlids6hLrebeDzwW7muILybM7V47hw=" preshared-key="1SbRCUnWpjf2f7QUS+bXBUzKqwXCkyD/AWWqrJZv+0c=" allowed-address="10.50.0.1/32,192.168.1.0/24" comment="tofro"
/interface/wireguard/add name="wg-site" listen-port=51821 mtu=1420 private-key="PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0=" disabled=yes comment="tofro"
/interface/list/member/add list="tofro" interface="wg-site" comment="tofro"
/interface/wireguard/peers/add interface="wg-site" public-key="WNXxBXcHrtcSgN3Kp4fL3lOvRVMtLAfHTHj5GRXcyLc=" preshared-key="SHlQo30NrA575UtJRGW+bb6mpD7FOHFVc+jPdsFczpc=" allowed-address="10.50.0.3/32,192.168.2.0/24,192.168.3.0/24" endpoint-address="198.51.100.3" endpoint-port=51821 comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-home" address="10.50.0.1/32" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-home" address="192.168.1.0/24" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-home" src-address-list="!tofro-wg-home" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-site" address="10.50.0.3/32" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-site" address="192.168.2.0/24" comment="tofro"
/ip/firewall/address-list/add list="tofro-wg-site" address="192.168.3.0/24" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=drop in-interface="wg-site" src-address-list="!tofro-wg-site" comment="tofro"
/ip/firewall/raw/add chain=prerouting action=notrack in-interface-list="tofro" dst-address-type=!local comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept in-interface="wg-home" out-interface="wg-site" comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ip/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ip/firewall/filter/add chain=tofro action=drop comment="tofro"
/ip/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ip/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ip/firewall/filter" }
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-home" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=drop in-interface="wg-site" comment="tofro"
/ipv6/firewall/raw/add chain=prerouting action=notrack in-interface-list="tofro" dst-address-type=!local comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept in-interface="wg-home" out-interface="wg-site" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop out-interface-list="tofro" comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=accept connection-nat-state=dstnat comment="tofro"
/ipv6/firewall/filter/add chain=tofro action=drop comment="tofro"
/ipv6/firewall/filter/add chain=forward action=jump jump-target=tofro in-interface-list="tofro" comment="tofro: jump"
:do { /ipv6/firewall/filter/move [find where comment="tofro: jump"] destination=[:pick [find where dynamic=no] 0] } on-error={ :put "tofro: see that the rule 'tofro: jump' stands first in /ipv6/firewall/filter" }
/ip/address/add address="10.50.0.2/32" interface="wg-home" comment="tofro"
/ip/address/add address="10.50.0.2/32" interface="wg-site" comment="tofro"
/ip/route/add dst-address="10.50.0.1/32" gateway="wg-home" pref-src="10.50.0.2" routing-table="main" comment="tofro"
/ip/route/add dst-address="10.50.0.3/32" gateway="wg-site" pref-src="10.50.0.2" routing-table="main" comment="tofro"
/ip/route/add dst-address="192.168.1.0/24" gateway="wg-home" pref-src="10.50.0.2" routing-table="main" comment="tofro"
/ip/route/add dst-address="192.168.2.0/24" gateway="wg-site" pref-src="10.50.0.2" routing-table="main" comment="tofro"
/ip/route/add dst-address="192.168.3.0/24" gateway="wg-site" pref-src="10.50.0.2" routing-table="main" comment="tofro"
/interface/wireguard/enable [find where comment~"^tofro"]
