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
add chain inet tofro pass { type filter hook forward priority filter; policy accept; }
flush chain inet tofro pass
add rule inet tofro pass iifname . oifname @transits accept
add rule inet tofro pass iifname @tunnels oifname @tunnels counter drop
add rule inet tofro pass iifname @tunnels ct status dnat accept
add rule inet tofro pass iifname @tunnels ip daddr @behind4 accept
add rule inet tofro pass iifname @tunnels ip6 daddr @behind6 accept
add rule inet tofro pass iifname @tunnels counter drop
add element inet tofro tunnels { "wg-a" }
add element inet tofro arrivals4 { "wg-a" . 10.82.0.1/32 }
add element inet tofro arrivals6 { "wg-a" . fd82::1/128 }
add element inet tofro tunnels { "wg-a-second" }
add element inet tofro arrivals4 { "wg-a-second" . 10.82.0.1/32 }
add element inet tofro arrivals6 { "wg-a-second" . fd82::1/128 }
add element inet tofro tunnels { "wg-a-v6" }
add element inet tofro arrivals4 { "wg-a-v6" . 10.82.0.1/32 }
add element inet tofro arrivals6 { "wg-a-v6" . fd82::1/128 }
add element inet tofro tunnels { "wg-b" }
add element inet tofro arrivals4 { "wg-b" . 10.82.0.2/32 }
add element inet tofro arrivals6 { "wg-b" . fd82::2/128 }
add element inet tofro tunnels { "wg-b-second" }
add element inet tofro arrivals4 { "wg-b-second" . 10.82.0.2/32 }
add element inet tofro arrivals6 { "wg-b-second" . fd82::2/128 }
add element inet tofro tunnels { "wg-b-v6" }
add element inet tofro arrivals4 { "wg-b-v6" . 10.82.0.2/32 }
add element inet tofro arrivals6 { "wg-b-v6" . fd82::2/128 }
add element inet tofro tunnels { "wg-mobile" }
add element inet tofro arrivals4 { "wg-mobile" . 10.82.0.1/32 }
add element inet tofro arrivals6 { "wg-mobile" . fd82::1/128 }
TOFRO
  ip rule add priority 11603 from 0.0.0.0/0 fwmark 760217703 lookup 103 protocol 116
  ip rule add priority 11604 from 0.0.0.0/0 fwmark 760217703 unreachable protocol 116
  ip -6 rule add priority 11603 from ::/0 fwmark 760217703 lookup 103 protocol 116
  ip -6 rule add priority 11604 from ::/0 fwmark 760217703 unreachable protocol 116
  ip link add wg-a type wireguard 2>/dev/null || wireguard-go wg-a >/dev/null
  echo wg-a >>/run/tofro/shell/interfaces
  wg setconf wg-a /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=
ListenPort = 51820
[Peer]
PublicKey = yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=
PresharedKey = vcWUZ7VQ2C6VU2pVR6q2MilguETbkXffcaTZA5tL5a0=
AllowedIPs = 10.82.0.1/32, fd82::1/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-a.rp_filter=2
  ip address add 10.82.0.3/32 dev wg-a
  ip address add fd82::3/128 dev wg-a nodad
  ip link set wg-a mtu 1420 up
  ip link add wg-a-second type wireguard 2>/dev/null || wireguard-go wg-a-second >/dev/null
  echo wg-a-second >>/run/tofro/shell/interfaces
  wg setconf wg-a-second /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=
ListenPort = 51821
FwMark = 760217703
[Peer]
PublicKey = yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=
PresharedKey = QnR1XIOyl7hm8/g80aXgtp29y16z4d7zm80aWvvvodQ=
AllowedIPs = 10.82.0.1/32, fd82::1/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-a-second.rp_filter=2
  ip address add 10.82.0.3/32 dev wg-a-second
  ip address add fd82::3/128 dev wg-a-second nodad
  ip link set wg-a-second mtu 1420 up
  ip link add wg-a-v6 type wireguard 2>/dev/null || wireguard-go wg-a-v6 >/dev/null
  echo wg-a-v6 >>/run/tofro/shell/interfaces
  wg setconf wg-a-v6 /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=
ListenPort = 51822
[Peer]
PublicKey = yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=
PresharedKey = hvvISAG0wr78AR9dERoQbbgBGF6NFfuuvlqc+BYab+s=
AllowedIPs = 10.82.0.1/32, fd82::1/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-a-v6.rp_filter=2
  ip address add 10.82.0.3/32 dev wg-a-v6
  ip address add fd82::3/128 dev wg-a-v6 nodad
  ip link set wg-a-v6 mtu 1420 up
  ip link add wg-b type wireguard 2>/dev/null || wireguard-go wg-b >/dev/null
  echo wg-b >>/run/tofro/shell/interfaces
  wg setconf wg-b /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=
ListenPort = 51823
[Peer]
PublicKey = ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=
PresharedKey = cEnxv7eAZGMD/n0ACiZ+tGRCNevt+JA/hhFNMPWKcuE=
AllowedIPs = 10.82.0.2/32, fd82::2/128
Endpoint = b.example.net:51822
TOFRO
  sysctl -qw net.ipv4.conf.wg-b.rp_filter=2
  ip address add 10.82.0.3/32 dev wg-b
  ip address add fd82::3/128 dev wg-b nodad
  ip link set wg-b mtu 1420 up
  ip link add wg-b-second type wireguard 2>/dev/null || wireguard-go wg-b-second >/dev/null
  echo wg-b-second >>/run/tofro/shell/interfaces
  wg setconf wg-b-second /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=
ListenPort = 51824
FwMark = 760217703
[Peer]
PublicKey = ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=
PresharedKey = kDVeGEJsh+SU4s/3gHEZR93B0CtxzeNCfH55CvV/Cjw=
AllowedIPs = 10.82.0.2/32, fd82::2/128
Endpoint = b.example.net:51823
TOFRO
  sysctl -qw net.ipv4.conf.wg-b-second.rp_filter=2
  ip address add 10.82.0.3/32 dev wg-b-second
  ip address add fd82::3/128 dev wg-b-second nodad
  ip link set wg-b-second mtu 1420 up
  ip link add wg-b-v6 type wireguard 2>/dev/null || wireguard-go wg-b-v6 >/dev/null
  echo wg-b-v6 >>/run/tofro/shell/interfaces
  wg setconf wg-b-v6 /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=
ListenPort = 51825
[Peer]
PublicKey = ZGFt3gfmn/iy5Q+gxAK3pE1NY0mj8z8eKlkAfsjlD8M=
PresharedKey = GlhfFvzNv2GiS5XRVloD9QcX7TaXG/oljMZpxwL7las=
AllowedIPs = 10.82.0.2/32, fd82::2/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-b-v6.rp_filter=2
  ip address add 10.82.0.3/32 dev wg-b-v6
  ip address add fd82::3/128 dev wg-b-v6 nodad
  ip link set wg-b-v6 mtu 1420 up
  ip link add wg-mobile type wireguard 2>/dev/null || wireguard-go wg-mobile >/dev/null
  echo wg-mobile >>/run/tofro/shell/interfaces
  wg setconf wg-mobile /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOUmXJloaJa78Y=
ListenPort = 51900
[Peer]
PublicKey = yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=
PresharedKey = bEJHcPOti4DWKlxGuctYGMOT/Q+G2xXsqmG7JqVKPxg=
AllowedIPs = 10.82.0.1/32, fd82::1/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-mobile.rp_filter=2
  ip address add 10.82.0.3/32 dev wg-mobile
  ip address add fd82::3/128 dev wg-mobile nodad
  ip link set wg-mobile mtu 1360 up
  ip route replace 10.82.0.1/32 dev wg-a proto 116 src 10.82.0.3 advmss 1320
  ip route replace 10.82.0.2/32 dev wg-b-second proto 116 src 10.82.0.3
  ip route replace fd82::1/128 dev wg-a proto 116 src fd82::3 advmss 1300
  ip route replace fd82::2/128 dev wg-b-second proto 116 src fd82::3
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
