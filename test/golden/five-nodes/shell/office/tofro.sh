# Made by tofro from tofro.yaml: office. Change the network file and export again.
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
add element inet tofro tunnels { "wg-hkg" }
add element inet tofro arrivals4 { "wg-hkg" . 10.77.0.1/32, "wg-hkg" . 10.77.0.3/32 }
add element inet tofro arrivals6 { "wg-hkg" . fd77::1/128, "wg-hkg" . fd77::3/128 }
add element inet tofro tunnels { "wg-tyo" }
add element inet tofro arrivals4 { "wg-tyo" . 10.77.0.4/32, "wg-tyo" . 10.77.0.5/32 }
add element inet tofro arrivals6 { "wg-tyo" . fd77::4/128, "wg-tyo" . fd77::5/128 }
TOFRO
  ip link add wg-hkg type wireguard 2>/dev/null || wireguard-go wg-hkg >/dev/null
  echo wg-hkg >>/run/tofro/shell/interfaces
  wg setconf wg-hkg /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = XMP4KDi6cmAgPkWQzgPQDhZj1B9qUWcUT1yV1r4hZqA=
ListenPort = 51820
[Peer]
PublicKey = 4V+HGAtThtDhkz4J7NDHvrlfl1zruV6+Ki6i/GU6DW0=
PresharedKey = SOUKx5VO9KrtAiwTupax6WfqlFbcWhxGMMABE/QqFX4=
AllowedIPs = 10.77.0.1/32, 10.77.0.3/32, 10.77.0.5/32, fd77::1/128, fd77::3/128, fd77::5/128
Endpoint = 198.51.100.11:51821
TOFRO
  sysctl -qw net.ipv4.conf.wg-hkg.rp_filter=2
  ip address add 10.77.0.2/32 dev wg-hkg
  ip address add fd77::2/128 dev wg-hkg nodad
  ip link set wg-hkg mtu 1420 up
  wg set wg-hkg peer 4V+HGAtThtDhkz4J7NDHvrlfl1zruV6+Ki6i/GU6DW0= persistent-keepalive 25
  ip link add wg-tyo type wireguard 2>/dev/null || wireguard-go wg-tyo >/dev/null
  echo wg-tyo >>/run/tofro/shell/interfaces
  wg setconf wg-tyo /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = XMP4KDi6cmAgPkWQzgPQDhZj1B9qUWcUT1yV1r4hZqA=
ListenPort = 51821
[Peer]
PublicKey = Q75XbtIHK4H0N8/tazFaht+R/N4WkfjA+A75tbNqsgo=
PresharedKey = VhxraVMfssXwSEbPtxYPL3GxAIPihyFSS2afTkd20R0=
AllowedIPs = 10.77.0.1/32, 10.77.0.4/32, 10.77.0.5/32, fd77::1/128, fd77::4/128, fd77::5/128
Endpoint = 198.51.100.12:51821
TOFRO
  sysctl -qw net.ipv4.conf.wg-tyo.rp_filter=2
  ip address add 10.77.0.2/32 dev wg-tyo
  ip address add fd77::2/128 dev wg-tyo nodad
  ip link set wg-tyo mtu 1420 up
  wg set wg-tyo peer Q75XbtIHK4H0N8/tazFaht+R/N4WkfjA+A75tbNqsgo= persistent-keepalive 25
  ip route replace 10.77.0.1/32 dev wg-tyo proto 116 src 10.77.0.2
  ip route replace 10.77.0.3/32 dev wg-hkg proto 116 src 10.77.0.2
  ip route replace 10.77.0.4/32 dev wg-tyo proto 116 src 10.77.0.2
  ip route replace 10.77.0.5/32 dev wg-hkg proto 116 src 10.77.0.2
  ip route replace fd77::1/128 dev wg-tyo proto 116 src fd77::2
  ip route replace fd77::3/128 dev wg-hkg proto 116 src fd77::2
  ip route replace fd77::4/128 dev wg-tyo proto 116 src fd77::2
  ip route replace fd77::5/128 dev wg-hkg proto 116 src fd77::2
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
