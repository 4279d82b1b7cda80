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
add set inet tofro answers { type ifname; }
add set inet tofro leaving4 { type ifname . ipv4_addr; flags interval; }
add set inet tofro inside4 { type ipv4_addr; flags interval; }
add set inet tofro except4 { type ipv4_addr; flags interval; }
flush set inet tofro behind4
flush set inet tofro inside4
add element inet tofro inside4 { 10.50.0.0/24 }
flush set inet tofro except4
add element inet tofro except4 { 203.0.113.9/32 }
add chain inet tofro arrive { type filter hook prerouting priority raw; policy accept; }
flush chain inet tofro arrive
add rule inet tofro arrive iifname @tunnels iifname != @answers iifname . ip saddr != @arrivals4 counter drop
add rule inet tofro arrive iifname @answers ip saddr @inside4 iifname . ip saddr != @arrivals4 counter drop
add chain inet tofro pass { type filter hook forward priority filter; policy accept; }
flush chain inet tofro pass
add rule inet tofro pass iifname . oifname @transits accept
add rule inet tofro pass iifname @tunnels oifname @tunnels counter drop
add rule inet tofro pass iifname @tunnels ct status dnat accept
add rule inet tofro pass iifname @tunnels ip daddr @behind4 accept
add rule inet tofro pass iifname @tunnels counter drop
add chain inet tofro stay { type filter hook output priority filter; policy accept; }
flush chain inet tofro stay
add rule inet tofro stay oifname "lo" accept
add rule inet tofro stay oifname @tunnels accept
add rule inet tofro stay meta mark 11600 accept
add rule inet tofro stay udp sport 68 udp dport 67 accept
add rule inet tofro stay udp sport 546 udp dport 547 accept
add rule inet tofro stay icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept
add rule inet tofro stay ct direction reply accept
add rule inet tofro stay ip daddr @except4 accept
add rule inet tofro stay ip daddr @behind4 accept
add rule inet tofro stay meta nfproto ipv4 tcp flags ack / syn,ack ip saddr != 10.50.0.1 accept
add rule inet tofro stay meta nfproto ipv6 tcp flags ack / syn,ack accept
add rule inet tofro stay counter drop
add chain inet tofro stay_behind { type filter hook forward priority filter; policy accept; }
flush chain inet tofro stay_behind
add rule inet tofro stay_behind iifname @tunnels accept
add rule inet tofro stay_behind oifname @tunnels accept
add rule inet tofro stay_behind ct direction reply accept
add rule inet tofro stay_behind ip daddr @except4 accept
add rule inet tofro stay_behind ip daddr @behind4 accept
add rule inet tofro stay_behind counter drop
add element inet tofro tunnels { "wg-b" }
add element inet tofro answers { "wg-b" }
add element inet tofro arrivals4 { "wg-b" . 10.50.0.2/32, "wg-b" . 10.50.0.3/32, "wg-b" . 10.50.0.4/32 }
TOFRO
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
AllowedIPs = 0.0.0.0/0, 10.50.0.2/32, 10.50.0.3/32, 10.50.0.4/32
Endpoint = 198.51.100.2:51820
TOFRO
  sysctl -qw net.ipv4.conf.wg-b.rp_filter=2
  ip address add 10.50.0.1/32 dev wg-b
  ip link set wg-b mtu 1420 up
  wg set wg-b peer ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M= persistent-keepalive 25
  ip route replace 10.50.0.2/32 dev wg-b proto 116 src 10.50.0.1
  ip route replace 10.50.0.3/32 dev wg-b proto 116 src 10.50.0.1
  ip route replace 10.50.0.4/32 dev wg-b proto 116 src 10.50.0.1
  ip route replace 0.0.0.0/0 dev wg-b proto 116 table 16600 src 10.50.0.1
  ip rule add priority 11603 from 0.0.0.0/0 to 10.50.0.0/24 lookup main protocol 116
  ip rule add priority 11605 from 0.0.0.0/0 fwmark 11600 lookup main protocol 116
  ip rule add priority 11605 from 0.0.0.0/0 to 203.0.113.9/32 lookup main protocol 116
  ip rule add priority 11606 from 0.0.0.0/0 fwmark 11600 unreachable protocol 116
  ip rule add priority 11605 from 0.0.0.0/0 lookup main suppress_prefixlength 0 protocol 116
  ip rule add priority 11607 from 10.50.0.1/32 lookup 16600 protocol 116
  ip rule add priority 11607 from 0.0.0.0/32 lookup 16600 protocol 116
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
