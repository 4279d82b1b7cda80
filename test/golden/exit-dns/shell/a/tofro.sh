# Made by tofro from tofro.yaml: a. Change the network file and export again.
# `sh tofro.sh up` as root, at each boot too; again after each change; `sh tofro.sh down` leaves the machine as it was.
# Not here: a kill switch that stands while `up` runs again. It takes down what was there first, and for that moment traffic may leave by the uplink.
set -e; umask 077
PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C
down() {
  if [ -e /run/tofro/shell ]; then
    for f in -4 -6; do while ip $f rule del protocol 116 2>/dev/null; do :; done; done
    for i in $(cat /run/tofro/shell/interfaces 2>/dev/null); do ip link del $i 2>/dev/null || true; done
    for f in $(ls /run/tofro/shell/saved); do while IFS=: read -r key was; do if [ -e $key ]; then echo $was > $key; fi; done < /run/tofro/shell/saved/$f; done
    nft delete table inet tofro 2>/dev/null || true
    rm -r /run/tofro/shell; rmdir /run/tofro 2>/dev/null || true
  fi
}
up() {
  mkdir -p /run/tofro/shell/saved
  nft -f - <<'TOFRO'
add table inet tofro
delete table inet tofro
add table inet tofro
add set inet tofro tunnels { type ifname; }
add set inet tofro transits { type ifname . ifname; counter; }
add set inet tofro arrivals4 { type ifname . ipv4_addr; flags interval; }
add set inet tofro behind4 { type ipv4_addr; flags interval; }
add set inet tofro arrivals6 { type ifname . ipv6_addr; flags interval; }
add set inet tofro behind6 { type ipv6_addr; flags interval; }
add set inet tofro answers { type ifname; }
add set inet tofro leaving4 { type ifname . ipv4_addr; flags interval; }
add set inet tofro inside4 { type ipv4_addr; flags interval; }
add set inet tofro except4 { type ipv4_addr; flags interval; }
add set inet tofro leaving6 { type ifname . ipv6_addr; flags interval; }
add set inet tofro inside6 { type ipv6_addr; flags interval; }
add set inet tofro except6 { type ipv6_addr; flags interval; }
flush set inet tofro behind4
add element inet tofro behind4 { 192.168.1.0/24 }
flush set inet tofro behind6
flush set inet tofro inside4
add element inet tofro inside4 { 10.50.0.0/24, 192.168.1.0/24 }
flush set inet tofro except4
add element inet tofro except4 { 203.0.113.9/32 }
flush set inet tofro inside6
add element inet tofro inside6 { 2001:db8:c::/64, fd50::/64 }
flush set inet tofro except6
add chain inet tofro arrive { type filter hook prerouting priority raw; policy accept; }
flush chain inet tofro arrive
add rule inet tofro arrive iifname @tunnels iifname != @answers iifname . ip saddr != @arrivals4 counter drop
add rule inet tofro arrive iifname @answers ip saddr @inside4 iifname . ip saddr != @arrivals4 counter drop
add rule inet tofro arrive iifname @tunnels iifname != @answers iifname . ip6 saddr != @arrivals6 counter drop
add rule inet tofro arrive iifname @answers ip6 saddr @inside6 iifname . ip6 saddr != @arrivals6 counter drop
add chain inet tofro pass { type filter hook forward priority filter; policy accept; }
flush chain inet tofro pass
add rule inet tofro pass iifname . oifname @transits accept
add rule inet tofro pass iifname @tunnels oifname @tunnels counter drop
add rule inet tofro pass iifname @tunnels ct status dnat accept
add rule inet tofro pass iifname @tunnels ip daddr @behind4 accept
add rule inet tofro pass iifname @tunnels ip6 daddr @behind6 accept
add rule inet tofro pass iifname @tunnels counter drop
add chain inet tofro clamp { type filter hook forward priority mangle; policy accept; }
flush chain inet tofro clamp
add rule inet tofro clamp iifname @tunnels meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set 1380
add rule inet tofro clamp iifname @tunnels meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set 1360
add rule inet tofro clamp oifname @tunnels meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set 1380
add rule inet tofro clamp oifname @tunnels meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set 1360
add chain inet tofro ask_names { type route hook output priority mangle; policy accept; }
flush chain inet tofro ask_names
add rule inet tofro ask_names oifname != "lo" udp dport 53 @th,160,128 0x0572656c6179076578616d706c65036e @th,288,24 0x657400 meta mark set 11600
add chain inet tofro ask { type nat hook output priority -100; policy accept; }
flush chain inet tofro ask
add rule inet tofro ask meta l4proto != { tcp, udp } accept
add rule inet tofro ask th dport != 53 accept
add rule inet tofro ask oifname "lo" accept
add rule inet tofro ask meta mark 11600 accept
add rule inet tofro ask ip daddr @inside4 ip daddr != @behind4 accept
add rule inet tofro ask ip6 daddr @inside6 ip6 daddr != @behind6 accept
add rule inet tofro ask ip daddr { 203.0.113.9/32 } accept
add rule inet tofro ask meta nfproto ipv4 meta l4proto { tcp, udp } th dport 53 dnat ip to numgen inc mod 2 map { 0 : 9.9.9.9, 1 : 149.112.112.112 }
add rule inet tofro ask meta nfproto ipv6 ip6 daddr != fe80::/10 meta l4proto { tcp, udp } th dport 53 dnat ip6 to 2001:db8:c::53
add chain inet tofro ask_behind { type nat hook prerouting priority dstnat; policy accept; }
flush chain inet tofro ask_behind
add rule inet tofro ask_behind meta l4proto != { tcp, udp } accept
add rule inet tofro ask_behind th dport != 53 accept
add rule inet tofro ask_behind iifname @tunnels accept
add rule inet tofro ask_behind fib daddr type local accept
add rule inet tofro ask_behind ip daddr @inside4 ip daddr != @behind4 accept
add rule inet tofro ask_behind ip6 daddr @inside6 ip6 daddr != @behind6 accept
add rule inet tofro ask_behind ip daddr { 203.0.113.9/32 } accept
add rule inet tofro ask_behind ip saddr @behind4 meta nfproto ipv4 meta l4proto { tcp, udp } th dport 53 dnat ip to numgen inc mod 2 map { 0 : 9.9.9.9, 1 : 149.112.112.112 }
add rule inet tofro ask_behind ip6 saddr @behind6 meta nfproto ipv6 meta l4proto { tcp, udp } th dport 53 dnat ip6 to 2001:db8:c::53
add chain inet tofro ask_as { type nat hook postrouting priority srcnat; policy accept; }
flush chain inet tofro ask_as
add rule inet tofro ask_as oifname @tunnels ip daddr 9.9.9.9 ip saddr != 10.50.0.1 ip saddr != @behind4 snat ip to 10.50.0.1
add rule inet tofro ask_as oifname @tunnels ip daddr 149.112.112.112 ip saddr != 10.50.0.1 ip saddr != @behind4 snat ip to 10.50.0.1
add rule inet tofro ask_as oifname @tunnels ip6 daddr 2001:db8:c::53 meta l4proto { tcp, udp } th dport 53 ip6 saddr != fd50::1 ip6 saddr != @behind6 snat ip6 to fd50::1
add rule inet tofro ask_as meta mark 11600 oifname != @tunnels ip saddr 10.50.0.1 udp dport 53 masquerade
add rule inet tofro ask_as meta mark 11600 oifname != @tunnels ip6 saddr fd50::1 udp dport 53 masquerade
add chain inet tofro ask_only { type filter hook output priority filter - 1; policy accept; }
flush chain inet tofro ask_only
add rule inet tofro ask_only meta l4proto != { tcp, udp } accept
add rule inet tofro ask_only th dport != 53 accept
add rule inet tofro ask_only oifname "lo" accept
add rule inet tofro ask_only meta mark 11600 accept
add rule inet tofro ask_only ct direction reply accept
add rule inet tofro ask_only ip daddr @inside4 ip daddr != @behind4 accept
add rule inet tofro ask_only ip6 daddr @inside6 ip6 daddr != @behind6 accept
add rule inet tofro ask_only ip daddr { 203.0.113.9/32 } accept
add rule inet tofro ask_only ip daddr { 9.9.9.9, 149.112.112.112 } accept
add rule inet tofro ask_only ip6 daddr { 2001:db8:c::53 } accept
add rule inet tofro ask_only meta l4proto tcp counter reject with tcp reset
add rule inet tofro ask_only counter reject
add chain inet tofro ask_only_behind { type filter hook forward priority filter - 1; policy accept; }
flush chain inet tofro ask_only_behind
add rule inet tofro ask_only_behind meta l4proto != { tcp, udp } accept
add rule inet tofro ask_only_behind th dport != 53 accept
add rule inet tofro ask_only_behind iifname @tunnels accept
add rule inet tofro ask_only_behind ct direction reply accept
add rule inet tofro ask_only_behind ip daddr @inside4 ip daddr != @behind4 accept
add rule inet tofro ask_only_behind ip6 daddr @inside6 ip6 daddr != @behind6 accept
add rule inet tofro ask_only_behind ip daddr { 203.0.113.9/32 } accept
add rule inet tofro ask_only_behind ip daddr { 9.9.9.9, 149.112.112.112 } accept
add rule inet tofro ask_only_behind ip6 daddr { 2001:db8:c::53 } accept
add rule inet tofro ask_only_behind ip saddr @behind4 meta l4proto tcp counter reject with tcp reset
add rule inet tofro ask_only_behind ip saddr @behind4 counter reject
add rule inet tofro ask_only_behind ip6 saddr @behind6 meta l4proto tcp counter reject with tcp reset
add rule inet tofro ask_only_behind ip6 saddr @behind6 counter reject
add chain inet tofro stay_asking { type filter hook postrouting priority filter; policy accept; }
flush chain inet tofro stay_asking
add rule inet tofro stay_asking oifname "lo" accept
add rule inet tofro stay_asking oifname @tunnels accept
add rule inet tofro stay_asking ip daddr { 9.9.9.9, 149.112.112.112 } meta l4proto { tcp, udp } th dport 53 meta mark != 11600 counter drop
add rule inet tofro stay_asking ip6 daddr { 2001:db8:c::53 } meta l4proto { tcp, udp } th dport 53 meta mark != 11600 counter drop
add chain inet tofro stay { type filter hook output priority filter; policy accept; }
flush chain inet tofro stay
add rule inet tofro stay oifname "lo" accept
add rule inet tofro stay oifname @tunnels accept
add rule inet tofro stay meta mark 11600 accept
add rule inet tofro stay udp sport 68 udp dport 67 accept
add rule inet tofro stay udp sport 546 udp dport 547 accept
add rule inet tofro stay icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept
add rule inet tofro stay ct direction reply accept
add rule inet tofro stay ip daddr { 9.9.9.9, 149.112.112.112 } meta l4proto { tcp, udp } th dport 53 meta mark != 11600 accept
add rule inet tofro stay ip6 daddr { 2001:db8:c::53 } meta l4proto { tcp, udp } th dport 53 meta mark != 11600 accept
add rule inet tofro stay ip daddr @except4 accept
add rule inet tofro stay ip daddr @behind4 accept
add rule inet tofro stay ip6 daddr @except6 accept
add rule inet tofro stay ip6 daddr @behind6 accept
add rule inet tofro stay meta nfproto ipv4 tcp flags ack / syn,ack ip saddr != 10.50.0.1 accept
add rule inet tofro stay meta nfproto ipv6 tcp flags ack / syn,ack ip6 saddr != fd50::1 accept
add rule inet tofro stay counter drop
add chain inet tofro stay_behind { type filter hook forward priority filter; policy accept; }
flush chain inet tofro stay_behind
add rule inet tofro stay_behind iifname @tunnels accept
add rule inet tofro stay_behind oifname @tunnels accept
add rule inet tofro stay_behind ct direction reply accept
add rule inet tofro stay_behind ip daddr @except4 accept
add rule inet tofro stay_behind ip daddr @behind4 accept
add rule inet tofro stay_behind ip6 daddr @except6 accept
add rule inet tofro stay_behind ip6 daddr @behind6 accept
add rule inet tofro stay_behind counter drop
add element inet tofro tunnels { "wg-b" }
add element inet tofro arrivals4 { "wg-b" . 10.50.0.2/32 }
add element inet tofro arrivals6 { "wg-b" . fd50::2/128 }
add element inet tofro tunnels { "wg-c" }
add element inet tofro answers { "wg-c" }
add element inet tofro arrivals4 { "wg-c" . 10.50.0.3/32 }
add element inet tofro arrivals6 { "wg-c" . 2001:db8:c::/64, "wg-c" . fd50::3/128 }
TOFRO
  was=$(grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv4/conf/*/accept_redirects); (set -C; echo "$was" > /run/tofro/shell/saved/ipv4) 2>/dev/null || true
  sysctl -qw net.ipv4.ip_forward=1
  was=$(grep -H . /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv6/conf/*/forwarding /proc/sys/net/ipv6/conf/*/accept_ra); (set -C; echo "$was" > /run/tofro/shell/saved/ipv6) 2>/dev/null || true
  for ra in /proc/sys/net/ipv6/conf/*/accept_ra; do if [ $(cat $ra) = 1 ]; then echo 2 > $ra; fi; done
  sysctl -qw net.ipv6.conf.all.forwarding=1
  ip link add wg-b type wireguard 2>/dev/null || wireguard-go wg-b >/dev/null
  echo wg-b >>/run/tofro/shell/interfaces
  wg setconf wg-b /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=
ListenPort = 51820
FwMark = 11600
[Peer]
PublicKey = ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=
PresharedKey = Wged69//Etodlk6NcMlRfuQ5vsj02s+8BSd5McO493g=
AllowedIPs = 0.0.0.0/0, 10.50.0.2/32, 10.50.0.3/32, ::/0, 2001:db8:c::/64, fd50::2/128, fd50::3/128
Endpoint = relay.example.net:51820
TOFRO
  sysctl -qw net.ipv4.conf.wg-b.rp_filter=2
  ip address add 10.50.0.1/32 dev wg-b
  ip address add fd50::1/128 dev wg-b nodad
  ip link set wg-b mtu 1420 up
  wg set wg-b peer ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M= persistent-keepalive 25
  ip link add wg-c type wireguard 2>/dev/null || wireguard-go wg-c >/dev/null
  echo wg-c >>/run/tofro/shell/interfaces
  wg setconf wg-c /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=
ListenPort = 51821
FwMark = 11600
[Peer]
PublicKey = LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=
PresharedKey = vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0=
AllowedIPs = 0.0.0.0/0, 10.50.0.3/32, ::/0, 2001:db8:c::/64, fd50::3/128
Endpoint = 198.51.100.3:51820
TOFRO
  sysctl -qw net.ipv4.conf.wg-c.rp_filter=2
  ip address add 10.50.0.1/32 dev wg-c
  ip address add fd50::1/128 dev wg-c nodad
  ip link set wg-c mtu 1420 up
  wg set wg-c peer LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8= persistent-keepalive 25
  ip route replace 10.50.0.2/32 dev wg-b proto 116 src 10.50.0.1
  ip route replace 10.50.0.3/32 dev wg-b proto 116 src 10.50.0.1
  ip route replace 2001:db8:c::/64 dev wg-b proto 116 src fd50::1
  ip route replace fd50::2/128 dev wg-b proto 116 src fd50::1
  ip route replace fd50::3/128 dev wg-b proto 116 src fd50::1
  ip route replace 0.0.0.0/0 dev wg-b proto 116 table 16600 src 10.50.0.1
  ip route replace ::/0 dev wg-b proto 116 table 16600 src fd50::1
  ip rule add priority 11603 from 0.0.0.0/0 to 10.50.0.0/24 lookup main protocol 116
  ip rule add priority 11603 from 0.0.0.0/0 to 192.168.1.0/24 lookup main protocol 116
  ip rule add priority 11605 from 0.0.0.0/0 fwmark 11600 lookup main protocol 116
  ip rule add priority 11605 from 0.0.0.0/0 to 203.0.113.9/32 lookup main protocol 116
  ip rule add priority 11606 from 0.0.0.0/0 fwmark 11600 unreachable protocol 116
  ip rule add priority 11605 from 0.0.0.0/0 lookup main suppress_prefixlength 0 protocol 116
  ip rule add priority 11607 from 10.50.0.1/32 lookup 16600 protocol 116
  ip rule add priority 11607 from 192.168.1.0/24 lookup 16600 protocol 116
  ip rule add priority 11607 from 0.0.0.0/0 to 9.9.9.9/32 lookup 16600 protocol 116
  ip rule add priority 11607 from 0.0.0.0/0 to 149.112.112.112/32 lookup 16600 protocol 116
  ip rule add priority 11607 from 0.0.0.0/32 lookup 16600 protocol 116
  ip -6 rule add priority 11603 from ::/0 to 2001:db8:c::/64 lookup main protocol 116
  ip -6 rule add priority 11603 from ::/0 to fd50::/64 lookup main protocol 116
  ip -6 rule add priority 11605 from ::/0 fwmark 11600 lookup main protocol 116
  ip -6 rule add priority 11606 from ::/0 fwmark 11600 unreachable protocol 116
  ip -6 rule add priority 11605 from ::/0 lookup main suppress_prefixlength 0 protocol 116
  ip -6 rule add priority 11607 from fd50::1/128 lookup 16600 protocol 116
  ip -6 rule add priority 11608 from ::/1 lookup main protocol 116
  ip -6 rule add priority 11608 from 8000::/1 lookup main protocol 116
  ip -6 rule add priority 11609 from ::/0 lookup 16600 protocol 116
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
