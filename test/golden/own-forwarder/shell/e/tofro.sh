# Made by tofro from tofro.yaml: e. Change the network file and export again.
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
add chain inet tofro pass { type filter hook forward priority filter; policy accept; }
flush chain inet tofro pass
add rule inet tofro pass iifname . oifname @transits accept
add rule inet tofro pass iifname @tunnels oifname @tunnels counter drop
add rule inet tofro pass iifname @tunnels ct status dnat accept
add rule inet tofro pass iifname @tunnels ip daddr @behind4 accept
add rule inet tofro pass iifname @tunnels ip6 daddr @behind6 accept
add rule inet tofro pass iifname @tunnels counter drop
add element inet tofro tunnels { "wg-c" }
add element inet tofro arrivals4 { "wg-c" . 10.80.0.1/32, "wg-c" . 10.80.0.3/32 }
add element inet tofro arrivals6 { "wg-c" . fd80::1/128, "wg-c" . fd80::3/128 }
add element inet tofro tunnels { "wg-d-z" }
add element inet tofro arrivals4 { "wg-d-z" . 10.80.0.4/32, "wg-d-z" . 10.80.0.6/32 }
add element inet tofro arrivals6 { "wg-d-z" . fd80::4/128, "wg-d-z" . fd80::6/128 }
TOFRO
  ip link add wg-c type wireguard 2>/dev/null || wireguard-go wg-c >/dev/null
  echo wg-c >>/run/tofro/shell/interfaces
  wg setconf wg-c /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = P3m7e0NbBTIWUdrv03TNxoHcBvqmXjdOODN7iMoEbeo=
ListenPort = 51820
[Peer]
PublicKey = LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=
PresharedKey = GjikV1VlL+CQSvh2SyYU470jM2+EyYuYD8hIT994Tu0=
AllowedIPs = 10.80.0.1/32, 10.80.0.3/32, fd80::1/128, fd80::3/128
Endpoint = 198.51.100.3:7002
TOFRO
  sysctl -qw net.ipv4.conf.wg-c.rp_filter=2
  ip address add 10.80.0.5/32 dev wg-c
  ip address add fd80::5/128 dev wg-c nodad
  ip link set wg-c mtu 1420 up
  ip link add wg-d-z type wireguard 2>/dev/null || wireguard-go wg-d-z >/dev/null
  echo wg-d-z >>/run/tofro/shell/interfaces
  wg setconf wg-d-z /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = P3m7e0NbBTIWUdrv03TNxoHcBvqmXjdOODN7iMoEbeo=
ListenPort = 51821
[Peer]
PublicKey = UGZPPDpPuKe81WHMbT8ont0w4P9mrxAnnL3vckqLT0M=
PresharedKey = lOYc8IGOAPKI+zdLxlkR8jd2qUNcjm9xgqxBCGA/hRQ=
AllowedIPs = 10.80.0.4/32, 10.80.0.6/32, fd80::4/128, fd80::6/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-d-z.rp_filter=2
  ip address add 10.80.0.5/32 dev wg-d-z
  ip address add fd80::5/128 dev wg-d-z nodad
  ip link set wg-d-z mtu 1420 up
  ip route replace 10.80.0.1/32 dev wg-c proto 116 src 10.80.0.5
  ip route replace 10.80.0.3/32 dev wg-c proto 116 src 10.80.0.5
  ip route replace 10.80.0.4/32 dev wg-d-z proto 116 src 10.80.0.5
  ip route replace 10.80.0.6/32 dev wg-d-z proto 116 src 10.80.0.5
  ip route replace fd80::1/128 dev wg-c proto 116 src fd80::5
  ip route replace fd80::3/128 dev wg-c proto 116 src fd80::5
  ip route replace fd80::4/128 dev wg-d-z proto 116 src fd80::5
  ip route replace fd80::6/128 dev wg-d-z proto 116 src fd80::5
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
