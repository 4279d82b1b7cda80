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
add element inet tofro tunnels { "wg-b" }
add element inet tofro arrivals4 { "wg-b" . 10.82.0.2/32 }
add element inet tofro arrivals6 { "wg-b" . fd82::2/128 }
add element inet tofro tunnels { "wg-b-lte" }
add element inet tofro arrivals4 { "wg-b-lte" . 10.82.0.2/32 }
add element inet tofro arrivals6 { "wg-b-lte" . fd82::2/128 }
add element inet tofro tunnels { "wg-c" }
add element inet tofro arrivals4 { "wg-c" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg-c" . fd82::3/128 }
add element inet tofro tunnels { "wg-c-lte" }
add element inet tofro arrivals4 { "wg-c-lte" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg-c-lte" . fd82::3/128 }
add element inet tofro tunnels { "wg-c-second" }
add element inet tofro arrivals4 { "wg-c-second" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg-c-second" . fd82::3/128 }
add element inet tofro tunnels { "wg-c-v6" }
add element inet tofro arrivals4 { "wg-c-v6" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg-c-v6" . fd82::3/128 }
TOFRO
  ip rule add priority 11603 from 0.0.0.0/0 fwmark 760217702 lookup 102 protocol 116
  ip rule add priority 11604 from 0.0.0.0/0 fwmark 760217702 unreachable protocol 116
  ip -6 rule add priority 11603 from ::/0 fwmark 760217702 lookup 102 protocol 116
  ip -6 rule add priority 11604 from ::/0 fwmark 760217702 unreachable protocol 116
  ip link add wg-b type wireguard 2>/dev/null || wireguard-go wg-b >/dev/null
  echo wg-b >>/run/tofro/shell/interfaces
  wg setconf wg-b /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=
ListenPort = 51820
[Peer]
PublicKey = ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=
PresharedKey = Wged69//Etodlk6NcMlRfuQ5vsj02s+8BSd5McO493g=
AllowedIPs = 10.82.0.2/32, fd82::2/128
Endpoint = b.example.net:51820
TOFRO
  sysctl -qw net.ipv4.conf.wg-b.rp_filter=2
  ip address add 10.82.0.1/32 dev wg-b
  ip address add fd82::1/128 dev wg-b nodad
  ip link set wg-b mtu 1420 up
  wg set wg-b peer ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M= persistent-keepalive 25
  ip link add wg-b-lte type wireguard 2>/dev/null || wireguard-go wg-b-lte >/dev/null
  echo wg-b-lte >>/run/tofro/shell/interfaces
  wg setconf wg-b-lte /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=
ListenPort = 51821
FwMark = 760217702
[Peer]
PublicKey = ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=
PresharedKey = 1imBDbSN0PDhuTkrkU4i7IyelmLckZXbXYDxa9WBjNc=
AllowedIPs = 10.82.0.2/32, fd82::2/128
Endpoint = b.example.net:51821
TOFRO
  sysctl -qw net.ipv4.conf.wg-b-lte.rp_filter=2
  ip address add 10.82.0.1/32 dev wg-b-lte
  ip address add fd82::1/128 dev wg-b-lte nodad
  ip link set wg-b-lte mtu 1360 up
  wg set wg-b-lte peer ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M= persistent-keepalive 25
  ip link add wg-c type wireguard 2>/dev/null || wireguard-go wg-c >/dev/null
  echo wg-c >>/run/tofro/shell/interfaces
  wg setconf wg-c /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=
ListenPort = 51822
[Peer]
PublicKey = LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=
PresharedKey = vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0=
AllowedIPs = 10.82.0.3/32, fd82::3/128
Endpoint = 203.0.113.3:51820
TOFRO
  sysctl -qw net.ipv4.conf.wg-c.rp_filter=2
  ip address add 10.82.0.1/32 dev wg-c
  ip address add fd82::1/128 dev wg-c nodad
  ip link set wg-c mtu 1420 up
  wg set wg-c peer LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8= persistent-keepalive 25
  ip link add wg-c-lte type wireguard 2>/dev/null || wireguard-go wg-c-lte >/dev/null
  echo wg-c-lte >>/run/tofro/shell/interfaces
  wg setconf wg-c-lte /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=
ListenPort = 51823
FwMark = 760217702
[Peer]
PublicKey = LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=
PresharedKey = bEJHcPOti4DWKlxGuctYGMOT/Q+G2xXsqmG7JqVKPxg=
AllowedIPs = 10.82.0.3/32, fd82::3/128
Endpoint = 203.0.113.3:51900
TOFRO
  sysctl -qw net.ipv4.conf.wg-c-lte.rp_filter=2
  ip address add 10.82.0.1/32 dev wg-c-lte
  ip address add fd82::1/128 dev wg-c-lte nodad
  ip link set wg-c-lte mtu 1360 up
  wg set wg-c-lte peer LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8= persistent-keepalive 25
  ip link add wg-c-second type wireguard 2>/dev/null || wireguard-go wg-c-second >/dev/null
  echo wg-c-second >>/run/tofro/shell/interfaces
  wg setconf wg-c-second /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=
ListenPort = 51824
[Peer]
PublicKey = LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=
PresharedKey = QnR1XIOyl7hm8/g80aXgtp29y16z4d7zm80aWvvvodQ=
AllowedIPs = 10.82.0.3/32, fd82::3/128
Endpoint = 198.51.100.3:51821
TOFRO
  sysctl -qw net.ipv4.conf.wg-c-second.rp_filter=2
  ip address add 10.82.0.1/32 dev wg-c-second
  ip address add fd82::1/128 dev wg-c-second nodad
  ip link set wg-c-second mtu 1420 up
  wg set wg-c-second peer LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8= persistent-keepalive 25
  ip link add wg-c-v6 type wireguard 2>/dev/null || wireguard-go wg-c-v6 >/dev/null
  echo wg-c-v6 >>/run/tofro/shell/interfaces
  wg setconf wg-c-v6 /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=
ListenPort = 51825
[Peer]
PublicKey = LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=
PresharedKey = hvvISAG0wr78AR9dERoQbbgBGF6NFfuuvlqc+BYab+s=
AllowedIPs = 10.82.0.3/32, fd82::3/128
Endpoint = [2001:db8::3]:51822
TOFRO
  sysctl -qw net.ipv4.conf.wg-c-v6.rp_filter=2
  ip address add 10.82.0.1/32 dev wg-c-v6
  ip address add fd82::1/128 dev wg-c-v6 nodad
  ip link set wg-c-v6 mtu 1420 up
  wg set wg-c-v6 peer LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8= persistent-keepalive 25
  ip route replace 10.82.0.2/32 dev wg-b proto 116 src 10.82.0.1
  ip route replace 10.82.0.3/32 dev wg-c-lte proto 116 src 10.82.0.1 advmss 1380
  ip route replace fd82::2/128 dev wg-b proto 116 src fd82::1
  ip route replace fd82::3/128 dev wg-c-lte proto 116 src fd82::1 advmss 1360
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
