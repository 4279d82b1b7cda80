# Made by tofro from tofro.yaml: c. Change the network file and export again.
# `sh tofro.sh up` as root, at each boot too; again after each change; `sh tofro.sh down` leaves the machine as it was.
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
add set inet tofro leaving6 { type ifname . ipv6_addr; flags interval; }
add set inet tofro inside6 { type ipv6_addr; flags interval; }
flush set inet tofro behind4
flush set inet tofro behind6
add element inet tofro behind6 { 2001:db8:c::/64 }
flush set inet tofro inside4
add element inet tofro inside4 { 10.50.0.0/24, 192.168.1.0/24 }
flush set inet tofro inside6
add element inet tofro inside6 { 2001:db8:c::/64, fd50::/64 }
add chain inet tofro arrive { type filter hook prerouting priority raw; policy accept; }
flush chain inet tofro arrive
add rule inet tofro arrive iifname @tunnels iifname . ip saddr != @arrivals4 counter drop
add rule inet tofro arrive iifname @tunnels iifname . ip6 saddr != @arrivals6 counter drop
add chain inet tofro pass { type filter hook forward priority filter; policy accept; }
flush chain inet tofro pass
add rule inet tofro pass iifname . oifname @transits accept
add rule inet tofro pass iifname @tunnels oifname @tunnels counter drop
add rule inet tofro pass iifname @tunnels ct status dnat accept
add rule inet tofro pass iifname @tunnels ip daddr @behind4 accept
add rule inet tofro pass iifname @tunnels ip6 daddr @behind6 accept
add rule inet tofro pass iifname . ip saddr @leaving4 ip daddr != @inside4 accept
add rule inet tofro pass iifname . ip6 saddr @leaving6 ip6 daddr != @inside6 accept
add rule inet tofro pass iifname @tunnels counter drop
add chain inet tofro clamp { type filter hook forward priority mangle; policy accept; }
flush chain inet tofro clamp
add rule inet tofro clamp iifname @tunnels meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set 1380
add rule inet tofro clamp iifname @tunnels meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set 1360
add rule inet tofro clamp oifname @tunnels meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set 1380
add rule inet tofro clamp oifname @tunnels meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set 1360
add chain inet tofro leave { type nat hook postrouting priority srcnat; policy accept; }
flush chain inet tofro leave
add rule inet tofro leave oifname != @tunnels iifname . ip saddr @leaving4 ip daddr != @inside4 masquerade
add rule inet tofro leave oifname != @tunnels iifname . ip6 saddr @leaving6 ip6 daddr != @inside6 masquerade
add element inet tofro tunnels { "wg-a" }
add element inet tofro arrivals4 { "wg-a" . 10.50.0.1/32, "wg-a" . 192.168.1.0/24 }
add element inet tofro arrivals6 { "wg-a" . fd50::1/128 }
add element inet tofro tunnels { "wg-b" }
add element inet tofro arrivals4 { "wg-b" . 10.50.0.1/32, "wg-b" . 10.50.0.2/32, "wg-b" . 192.168.1.0/24 }
add element inet tofro arrivals6 { "wg-b" . fd50::1/128, "wg-b" . fd50::2/128 }
add element inet tofro leaving4 { "wg-b" . 10.50.0.1/32, "wg-b" . 192.168.1.0/24 }
add element inet tofro leaving6 { "wg-b" . fd50::1/128 }
TOFRO
  was=$(grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv4/conf/*/accept_redirects); (set -C; echo "$was" > /run/tofro/shell/saved/ipv4) 2>/dev/null || true
  sysctl -qw net.ipv4.ip_forward=1
  was=$(grep -H . /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv6/conf/*/forwarding /proc/sys/net/ipv6/conf/*/accept_ra); (set -C; echo "$was" > /run/tofro/shell/saved/ipv6) 2>/dev/null || true
  for ra in /proc/sys/net/ipv6/conf/*/accept_ra; do if [ $(cat $ra) = 1 ]; then echo 2 > $ra; fi; done
  sysctl -qw net.ipv6.conf.all.forwarding=1
  ip link add wg-a type wireguard 2>/dev/null || wireguard-go wg-a >/dev/null
  echo wg-a >>/run/tofro/shell/interfaces
  wg setconf wg-a /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=
ListenPort = 51820
[Peer]
PublicKey = yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=
PresharedKey = vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0=
AllowedIPs = 10.50.0.1/32, 192.168.1.0/24, fd50::1/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-a.rp_filter=2
  ip address add 10.50.0.3/32 dev wg-a
  ip address add fd50::3/128 dev wg-a nodad
  ip link set wg-a mtu 1420 up
  ip link add wg-b type wireguard 2>/dev/null || wireguard-go wg-b >/dev/null
  echo wg-b >>/run/tofro/shell/interfaces
  wg setconf wg-b /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=
ListenPort = 51821
[Peer]
PublicKey = ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=
PresharedKey = cEnxv7eAZGMD/n0ACiZ+tGRCNevt+JA/hhFNMPWKcuE=
AllowedIPs = 10.50.0.1/32, 10.50.0.2/32, 192.168.1.0/24, fd50::1/128, fd50::2/128
Endpoint = relay.example.net:51821
TOFRO
  sysctl -qw net.ipv4.conf.wg-b.rp_filter=2
  ip address add 10.50.0.3/32 dev wg-b
  ip address add fd50::3/128 dev wg-b nodad
  ip link set wg-b mtu 1420 up
  ip route replace 10.50.0.1/32 dev wg-a proto 116 src 10.50.0.3
  ip route replace 10.50.0.2/32 dev wg-b proto 116 src 10.50.0.3
  ip route replace 192.168.1.0/24 dev wg-a proto 116 src 10.50.0.3
  ip route replace fd50::1/128 dev wg-a proto 116 src fd50::3
  ip route replace fd50::2/128 dev wg-b proto 116 src fd50::3
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
