# Made by tofro from tofro.yaml: a. Change the network file and export again.
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
add element inet tofro tunnels { "wg-b" }
add element inet tofro arrivals4 { "wg-b" . 192.168.51.1/32 }
add element inet tofro tunnels { "wg-c" }
add element inet tofro arrivals4 { "wg-c" . 192.168.51.2/32 }
TOFRO
  ip link add wg-b type wireguard 2>/dev/null || wireguard-go wg-b >/dev/null
  echo wg-b >>/run/tofro/shell/interfaces
  wg setconf wg-b /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=
ListenPort = 51820
[Peer]
PublicKey = ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=
PresharedKey = Wged69//Etodlk6NcMlRfuQ5vsj02s+8BSd5McO493g=
AllowedIPs = 192.168.51.1/32, 192.168.51.2/32
Endpoint = 198.51.100.1:51820
TOFRO
  sysctl -qw net.ipv4.conf.wg-b.rp_filter=2
  ip address add 192.168.51.5/32 dev wg-b
  ip link set wg-b mtu 1420 up
  wg set wg-b peer ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M= persistent-keepalive 25
  ip link add wg-c type wireguard 2>/dev/null || wireguard-go wg-c >/dev/null
  echo wg-c >>/run/tofro/shell/interfaces
  wg setconf wg-c /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=
ListenPort = 51821
[Peer]
PublicKey = LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=
PresharedKey = vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0=
AllowedIPs = 192.168.51.2/32
Endpoint = 198.51.100.2:51820
TOFRO
  sysctl -qw net.ipv4.conf.wg-c.rp_filter=2
  ip address add 192.168.51.5/32 dev wg-c
  ip link set wg-c mtu 1420 up
  wg set wg-c peer LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8= persistent-keepalive 25
  ip route replace 192.168.51.1/32 dev wg-b proto 116 src 192.168.51.5
  ip route replace 192.168.51.2/32 dev wg-b proto 116 src 192.168.51.5
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
