# Made by tofro from tofro.yaml: b. Change the network file and export again.
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
add element inet tofro tunnels { "wg-a-lte" }
add element inet tofro arrivals4 { "wg-a-lte" . 10.82.0.1/32 }
add element inet tofro arrivals6 { "wg-a-lte" . fd82::1/128 }
add element inet tofro tunnels { "wg-c" }
add element inet tofro arrivals4 { "wg-c" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg-c" . fd82::3/128 }
add element inet tofro tunnels { "wg-c-second" }
add element inet tofro arrivals4 { "wg-c-second" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg-c-second" . fd82::3/128 }
add element inet tofro tunnels { "wg-c-v6" }
add element inet tofro arrivals4 { "wg-c-v6" . 10.82.0.3/32 }
add element inet tofro arrivals6 { "wg-c-v6" . fd82::3/128 }
TOFRO
  ip link add wg-a type wireguard 2>/dev/null || wireguard-go wg-a >/dev/null
  echo wg-a >>/run/tofro/shell/interfaces
  wg setconf wg-a /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0=
ListenPort = 51820
[Peer]
PublicKey = yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=
PresharedKey = Wged69//Etodlk6NcMlRfuQ5vsj02s+8BSd5McO493g=
AllowedIPs = 10.82.0.1/32, fd82::1/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-a.rp_filter=2
  ip address add 10.82.0.2/32 dev wg-a
  ip address add fd82::2/128 dev wg-a nodad
  ip link set wg-a mtu 1420 up
  ip link add wg-a-lte type wireguard 2>/dev/null || wireguard-go wg-a-lte >/dev/null
  echo wg-a-lte >>/run/tofro/shell/interfaces
  wg setconf wg-a-lte /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0=
ListenPort = 51821
[Peer]
PublicKey = yX55JknNCN3TmHlmWxwr5ZF12NjeTvIAufmf3nX9uK4=
PresharedKey = 1imBDbSN0PDhuTkrkU4i7IyelmLckZXbXYDxa9WBjNc=
AllowedIPs = 10.82.0.1/32, fd82::1/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-a-lte.rp_filter=2
  ip address add 10.82.0.2/32 dev wg-a-lte
  ip address add fd82::2/128 dev wg-a-lte nodad
  ip link set wg-a-lte mtu 1360 up
  ip link add wg-c type wireguard 2>/dev/null || wireguard-go wg-c >/dev/null
  echo wg-c >>/run/tofro/shell/interfaces
  wg setconf wg-c /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0=
ListenPort = 51822
[Peer]
PublicKey = LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=
PresharedKey = cEnxv7eAZGMD/n0ACiZ+tGRCNevt+JA/hhFNMPWKcuE=
AllowedIPs = 10.82.0.3/32, fd82::3/128
Endpoint = 203.0.113.3:51823
TOFRO
  sysctl -qw net.ipv4.conf.wg-c.rp_filter=2
  ip address add 10.82.0.2/32 dev wg-c
  ip address add fd82::2/128 dev wg-c nodad
  ip link set wg-c mtu 1420 up
  ip link add wg-c-second type wireguard 2>/dev/null || wireguard-go wg-c-second >/dev/null
  echo wg-c-second >>/run/tofro/shell/interfaces
  wg setconf wg-c-second /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0=
ListenPort = 51823
[Peer]
PublicKey = LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=
PresharedKey = kDVeGEJsh+SU4s/3gHEZR93B0CtxzeNCfH55CvV/Cjw=
AllowedIPs = 10.82.0.3/32, fd82::3/128
Endpoint = 198.51.100.3:51824
TOFRO
  sysctl -qw net.ipv4.conf.wg-c-second.rp_filter=2
  ip address add 10.82.0.2/32 dev wg-c-second
  ip address add fd82::2/128 dev wg-c-second nodad
  ip link set wg-c-second mtu 1420 up
  ip link add wg-c-v6 type wireguard 2>/dev/null || wireguard-go wg-c-v6 >/dev/null
  echo wg-c-v6 >>/run/tofro/shell/interfaces
  wg setconf wg-c-v6 /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0=
ListenPort = 51824
[Peer]
PublicKey = LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=
PresharedKey = GlhfFvzNv2GiS5XRVloD9QcX7TaXG/oljMZpxwL7las=
AllowedIPs = 10.82.0.3/32, fd82::3/128
Endpoint = [2001:db8::3]:51825
TOFRO
  sysctl -qw net.ipv4.conf.wg-c-v6.rp_filter=2
  ip address add 10.82.0.2/32 dev wg-c-v6
  ip address add fd82::2/128 dev wg-c-v6 nodad
  ip link set wg-c-v6 mtu 1420 up
  wg set wg-c-v6 peer LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8= persistent-keepalive 25
  ip route replace 10.82.0.1/32 dev wg-a proto 116 src 10.82.0.2
  ip route replace 10.82.0.3/32 dev wg-c-v6 proto 116 src 10.82.0.2
  ip route replace fd82::1/128 dev wg-a proto 116 src fd82::2
  ip route replace fd82::3/128 dev wg-c-v6 proto 116 src fd82::2
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
