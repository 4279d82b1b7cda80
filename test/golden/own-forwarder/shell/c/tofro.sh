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
flush set inet tofro behind4
flush set inet tofro behind6
add chain inet tofro arrive { type filter hook prerouting priority raw; policy accept; }
flush chain inet tofro arrive
add rule inet tofro arrive iifname @tunnels iifname . ip saddr != @arrivals4 counter drop
add rule inet tofro arrive iifname @tunnels iifname . ip6 saddr != @arrivals6 counter drop
add rule inet tofro arrive iifname @tunnels fib daddr type != local ip daddr != @behind4 notrack
add rule inet tofro arrive iifname @tunnels fib daddr type != local ip6 daddr != @behind6 notrack
add chain inet tofro pass { type filter hook forward priority filter; policy accept; }
flush chain inet tofro pass
add rule inet tofro pass iifname . oifname @transits accept
add rule inet tofro pass iifname @tunnels oifname @tunnels counter drop
add rule inet tofro pass iifname @tunnels ct status dnat accept
add rule inet tofro pass iifname @tunnels ip daddr @behind4 accept
add rule inet tofro pass iifname @tunnels ip6 daddr @behind6 accept
add rule inet tofro pass iifname @tunnels counter drop
add element inet tofro tunnels { "wg-a" }
add element inet tofro arrivals4 { "wg-a" . 10.80.0.1/32 }
add element inet tofro arrivals6 { "wg-a" . fd80::1/128 }
add element inet tofro transits { "wg-a" . "wg-d-y", "wg-a" . "wg-e" }
add element inet tofro tunnels { "wg-a-x" }
add element inet tofro arrivals4 { "wg-a-x" . 10.80.0.1/32 }
add element inet tofro arrivals6 { "wg-a-x" . fd80::1/128 }
add element inet tofro tunnels { "wg-d-y" }
add element inet tofro arrivals4 { "wg-d-y" . 10.80.0.4/32, "wg-d-y" . 10.80.0.6/32 }
add element inet tofro arrivals6 { "wg-d-y" . fd80::4/128, "wg-d-y" . fd80::6/128 }
add element inet tofro transits { "wg-d-y" . "wg-a" }
add element inet tofro tunnels { "wg-e" }
add element inet tofro arrivals4 { "wg-e" . 10.80.0.5/32 }
add element inet tofro arrivals6 { "wg-e" . fd80::5/128 }
add element inet tofro transits { "wg-e" . "wg-a" }
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
ListenPort = 7000
[Peer]
PublicKey = yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=
PresharedKey = vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0=
AllowedIPs = 10.80.0.1/32, fd80::1/128
Endpoint = 198.51.100.1:51820
TOFRO
  sysctl -qw net.ipv4.conf.wg-a.rp_filter=2
  ip address add 10.80.0.3/32 dev wg-a
  ip address add fd80::3/128 dev wg-a nodad
  ip link set wg-a mtu 1420 up
  ip link add wg-a-x type wireguard 2>/dev/null || wireguard-go wg-a-x >/dev/null
  echo wg-a-x >>/run/tofro/shell/interfaces
  wg setconf wg-a-x /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=
ListenPort = 7001
[Peer]
PublicKey = yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=
PresharedKey = w3fwHqkaImksrk+tVWuID05xPr0dpcojpzf6LSFDzyI=
AllowedIPs = 10.80.0.1/32, fd80::1/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-a-x.rp_filter=2
  ip address add 10.80.0.3/32 dev wg-a-x
  ip address add fd80::3/128 dev wg-a-x nodad
  ip link set wg-a-x mtu 1420 up
  ip link add wg-d-y type wireguard 2>/dev/null || wireguard-go wg-d-y >/dev/null
  echo wg-d-y >>/run/tofro/shell/interfaces
  wg setconf wg-d-y /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=
ListenPort = 7100
[Peer]
PublicKey = UGZPPDpPuKe81WHMbT8ont0w4P9mrxAnnL3vckqLT0M=
PresharedKey = tcJWAIK6QWavjocYOgnhh9SMRp50L0YNmkvLb0gGsrw=
AllowedIPs = 10.80.0.4/32, 10.80.0.6/32, fd80::4/128, fd80::6/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-d-y.rp_filter=2
  ip address add 10.80.0.3/32 dev wg-d-y
  ip address add fd80::3/128 dev wg-d-y nodad
  ip link set wg-d-y mtu 1420 up
  ip link add wg-e type wireguard 2>/dev/null || wireguard-go wg-e >/dev/null
  echo wg-e >>/run/tofro/shell/interfaces
  wg setconf wg-e /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=
ListenPort = 7002
[Peer]
PublicKey = lQM7f64qOEfwmh/Ll5z34MULuSmhSWWM02L6bdgOIRo=
PresharedKey = GjikV1VlL+CQSvh2SyYU470jM2+EyYuYD8hIT994Tu0=
AllowedIPs = 10.80.0.5/32, fd80::5/128
Endpoint = [2001:db8::5]:51820
TOFRO
  sysctl -qw net.ipv4.conf.wg-e.rp_filter=2
  ip address add 10.80.0.3/32 dev wg-e
  ip address add fd80::3/128 dev wg-e nodad
  ip link set wg-e mtu 1420 up
  ip route replace 10.80.0.1/32 dev wg-a proto 116 src 10.80.0.3
  ip route replace 10.80.0.4/32 dev wg-d-y proto 116 src 10.80.0.3
  ip route replace 10.80.0.5/32 dev wg-e proto 116 src 10.80.0.3
  ip route replace 10.80.0.6/32 dev wg-d-y proto 116 src 10.80.0.3
  ip route replace fd80::1/128 dev wg-a proto 116 src fd80::3
  ip route replace fd80::4/128 dev wg-d-y proto 116 src fd80::3
  ip route replace fd80::5/128 dev wg-e proto 116 src fd80::3
  ip route replace fd80::6/128 dev wg-d-y proto 116 src fd80::3
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
