# Made by tofro from tofro.yaml: local. Change the network file and export again.
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
add element inet tofro tunnels { "wg-remote" }
add element inet tofro arrivals4 { "wg-remote" . 192.168.51.2/32 }
add element inet tofro tunnels { "wg-remote-hkg" }
add element inet tofro arrivals4 { "wg-remote-hkg" . 192.168.51.2/32 }
TOFRO
  ip link add wg-remote type wireguard 2>/dev/null || wireguard-go wg-remote >/dev/null
  echo wg-remote >>/run/tofro/shell/interfaces
  wg setconf wg-remote /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Jb+OGiOT8RCNNwKbPfVZMjbHVXQuyTRlu6+pspC93PY=
ListenPort = 51820
[Peer]
PublicKey = WxAeIG3DDacVfmIb3fcX1Sskuuc1hqj32vm0szo0N0M=
PresharedKey = p72qw18RxHxaux9WwBgtzfo94eQ2hfYKvKKlL7PjRyA=
AllowedIPs = 192.168.51.2/32
Endpoint = 203.0.113.2:51820
TOFRO
  sysctl -qw net.ipv4.conf.wg-remote.rp_filter=2
  ip address add 192.168.51.3/32 dev wg-remote
  ip link set wg-remote mtu 1420 up
  wg set wg-remote peer WxAeIG3DDacVfmIb3fcX1Sskuuc1hqj32vm0szo0N0M= persistent-keepalive 25
  ip link add wg-remote-hkg type wireguard 2>/dev/null || wireguard-go wg-remote-hkg >/dev/null
  echo wg-remote-hkg >>/run/tofro/shell/interfaces
  wg setconf wg-remote-hkg /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Jb+OGiOT8RCNNwKbPfVZMjbHVXQuyTRlu6+pspC93PY=
ListenPort = 51821
[Peer]
PublicKey = WxAeIG3DDacVfmIb3fcX1Sskuuc1hqj32vm0szo0N0M=
PresharedKey = G8u3S/JgzjxGP6ePRQiVADOpa9DW/w4BZld/QZCDLqk=
AllowedIPs = 192.168.51.2/32
Endpoint = 198.51.100.9:14967
TOFRO
  sysctl -qw net.ipv4.conf.wg-remote-hkg.rp_filter=2
  ip address add 192.168.51.3/32 dev wg-remote-hkg
  ip link set wg-remote-hkg mtu 1420 up
  wg set wg-remote-hkg peer WxAeIG3DDacVfmIb3fcX1Sskuuc1hqj32vm0szo0N0M= persistent-keepalive 25
  ip route replace 192.168.51.2/32 dev wg-remote-hkg proto 116 src 192.168.51.3
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
