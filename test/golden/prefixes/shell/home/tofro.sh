# Made by tofro from tofro.yaml: home. Change the network file and export again.
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
flush set inet tofro behind4
add element inet tofro behind4 { 192.168.1.0/24 }
add chain inet tofro arrive { type filter hook prerouting priority raw; policy accept; }
flush chain inet tofro arrive
add rule inet tofro arrive iifname @tunnels iifname . ip saddr != @arrivals4 counter drop
add chain inet tofro pass { type filter hook forward priority filter; policy accept; }
flush chain inet tofro pass
add rule inet tofro pass iifname . oifname @transits accept
add rule inet tofro pass iifname @tunnels oifname @tunnels counter drop
add rule inet tofro pass iifname @tunnels ct status dnat accept
add rule inet tofro pass iifname @tunnels ip daddr @behind4 accept
add rule inet tofro pass iifname @tunnels counter drop
add chain inet tofro clamp { type filter hook forward priority mangle; policy accept; }
flush chain inet tofro clamp
add rule inet tofro clamp iifname @tunnels meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set 1380
add rule inet tofro clamp iifname @tunnels meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set 1360
add rule inet tofro clamp oifname @tunnels meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set 1380
add rule inet tofro clamp oifname @tunnels meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set 1360
add element inet tofro tunnels { "wg-b" }
add element inet tofro arrivals4 { "wg-b" . 10.50.0.2/32 }
add element inet tofro tunnels { "wg-site" }
add element inet tofro arrivals4 { "wg-site" . 10.50.0.3/32, "wg-site" . 192.168.2.0/24, "wg-site" . 192.168.3.0/24 }
TOFRO
  was=$(grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv4/conf/*/accept_redirects); (set -C; echo "$was" > /run/tofro/shell/saved/ipv4) 2>/dev/null || true
  sysctl -qw net.ipv4.ip_forward=1
  ip link add wg-b type wireguard 2>/dev/null || wireguard-go wg-b >/dev/null
  echo wg-b >>/run/tofro/shell/interfaces
  wg setconf wg-b /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = TqFAWIFQdzzjqs54au739ASc4QD6ZJyU+73blg8dqUI=
ListenPort = 51820
[Peer]
PublicKey = ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=
PresharedKey = 1SbRCUnWpjf2f7QUS+bXBUzKqwXCkyD/AWWqrJZv+0c=
AllowedIPs = 10.50.0.2/32, 10.50.0.3/32, 192.168.2.0/24, 192.168.3.0/24
Endpoint = 198.51.100.2:51820
TOFRO
  sysctl -qw net.ipv4.conf.wg-b.rp_filter=2
  ip address add 10.50.0.1/32 dev wg-b
  ip link set wg-b mtu 1420 up
  wg set wg-b peer ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M= persistent-keepalive 25
  ip link add wg-site type wireguard 2>/dev/null || wireguard-go wg-site >/dev/null
  echo wg-site >>/run/tofro/shell/interfaces
  wg setconf wg-site /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = TqFAWIFQdzzjqs54au739ASc4QD6ZJyU+73blg8dqUI=
ListenPort = 51821
[Peer]
PublicKey = WNXxBXcHrtcSgN3Kp4fL3lOvRVMtLAfHTHj5GRXcyLc=
PresharedKey = 7DKVEpEEb42dNEvB3FgU/FlpWy9NSyv8td+aZ46taBw=
AllowedIPs = 10.50.0.3/32, 192.168.2.0/24, 192.168.3.0/24
Endpoint = 198.51.100.3:51820
TOFRO
  sysctl -qw net.ipv4.conf.wg-site.rp_filter=2
  ip address add 10.50.0.1/32 dev wg-site
  ip link set wg-site mtu 1420 up
  wg set wg-site peer WNXxBXcHrtcSgN3Kp4fL3lOvRVMtLAfHTHj5GRXcyLc= persistent-keepalive 25
  ip route replace 10.50.0.2/32 dev wg-b proto 116 src 10.50.0.1
  ip route replace 10.50.0.3/32 dev wg-b proto 116 src 10.50.0.1
  ip route replace 192.168.2.0/24 dev wg-b proto 116 src 10.50.0.1
  ip route replace 192.168.3.0/24 dev wg-b proto 116 src 10.50.0.1
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
