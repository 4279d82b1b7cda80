# Made by tofro from tofro.yaml: d. Change the network file and export again.
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
add element inet tofro tunnels { "wg-c-y" }
add element inet tofro arrivals4 { "wg-c-y" . 10.80.0.1/32, "wg-c-y" . 10.80.0.3/32 }
add element inet tofro arrivals6 { "wg-c-y" . fd80::1/128, "wg-c-y" . fd80::3/128 }
add element inet tofro transits { "wg-c-y" . "wg-f" }
add element inet tofro tunnels { "wg-e-z" }
add element inet tofro arrivals4 { "wg-e-z" . 10.80.0.5/32 }
add element inet tofro arrivals6 { "wg-e-z" . fd80::5/128 }
add element inet tofro transits { "wg-e-z" . "wg-f" }
add element inet tofro tunnels { "wg-f" }
add element inet tofro arrivals4 { "wg-f" . 10.80.0.6/32 }
add element inet tofro arrivals6 { "wg-f" . fd80::6/128 }
add element inet tofro transits { "wg-f" . "wg-c-y", "wg-f" . "wg-e-z" }
TOFRO
  was=$(grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv4/conf/*/accept_redirects); (set -C; echo "$was" > /run/tofro/shell/saved/ipv4) 2>/dev/null || true
  sysctl -qw net.ipv4.ip_forward=1
  was=$(grep -H . /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv6/conf/*/forwarding /proc/sys/net/ipv6/conf/*/accept_ra); (set -C; echo "$was" > /run/tofro/shell/saved/ipv6) 2>/dev/null || true
  for ra in /proc/sys/net/ipv6/conf/*/accept_ra; do if [ $(cat $ra) = 1 ]; then echo 2 > $ra; fi; done
  sysctl -qw net.ipv6.conf.all.forwarding=1
  ip link add wg-c-y type wireguard 2>/dev/null || wireguard-go wg-c-y >/dev/null
  echo wg-c-y >>/run/tofro/shell/interfaces
  wg setconf wg-c-y /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = GKw+c0PwFokMUQ6T+TUmEWnZ4/VlQ2Qpgw+vCTT0+OQ=
ListenPort = 51820
[Peer]
PublicKey = LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8=
PresharedKey = tcJWAIK6QWavjocYOgnhh9SMRp50L0YNmkvLb0gGsrw=
AllowedIPs = 10.80.0.1/32, 10.80.0.3/32, fd80::1/128, fd80::3/128
Endpoint = b.example.net:4500
TOFRO
  sysctl -qw net.ipv4.conf.wg-c-y.rp_filter=2
  ip address add 10.80.0.4/32 dev wg-c-y
  ip address add fd80::4/128 dev wg-c-y nodad
  ip link set wg-c-y mtu 1420 up
  wg set wg-c-y peer LZOVVC4u0YiTgcZNKuJk06Q9kxlFDssWUgYNawxNUZ8= persistent-keepalive 25
  ip link add wg-e-z type wireguard 2>/dev/null || wireguard-go wg-e-z >/dev/null
  echo wg-e-z >>/run/tofro/shell/interfaces
  wg setconf wg-e-z /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = GKw+c0PwFokMUQ6T+TUmEWnZ4/VlQ2Qpgw+vCTT0+OQ=
ListenPort = 51821
[Peer]
PublicKey = lQM7f64qOEfwmh/Ll5z34MULuSmhSWWM02L6bdgOIRo=
PresharedKey = lOYc8IGOAPKI+zdLxlkR8jd2qUNcjm9xgqxBCGA/hRQ=
AllowedIPs = 10.80.0.5/32, fd80::5/128
Endpoint = [2001:db8::6]:51821
TOFRO
  sysctl -qw net.ipv4.conf.wg-e-z.rp_filter=2
  ip address add 10.80.0.4/32 dev wg-e-z
  ip address add fd80::4/128 dev wg-e-z nodad
  ip link set wg-e-z mtu 1420 up
  wg set wg-e-z peer lQM7f64qOEfwmh/Ll5z34MULuSmhSWWM02L6bdgOIRo= persistent-keepalive 25
  ip link add wg-f type wireguard 2>/dev/null || wireguard-go wg-f >/dev/null
  echo wg-f >>/run/tofro/shell/interfaces
  wg setconf wg-f /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = GKw+c0PwFokMUQ6T+TUmEWnZ4/VlQ2Qpgw+vCTT0+OQ=
ListenPort = 51822
[Peer]
PublicKey = pkswARYmg9hxGqYu154LIk3TkN/fwdAUO8rLOgKVIh8=
PresharedKey = rTUXQ8ST/ga53TU60QQA3Z7GJ9/QtaRFL78GVrutSqk=
AllowedIPs = 10.80.0.6/32, fd80::6/128
Endpoint = [2001:db8::6]:51820
TOFRO
  sysctl -qw net.ipv4.conf.wg-f.rp_filter=2
  ip address add 10.80.0.4/32 dev wg-f
  ip address add fd80::4/128 dev wg-f nodad
  ip link set wg-f mtu 1420 up
  wg set wg-f peer pkswARYmg9hxGqYu154LIk3TkN/fwdAUO8rLOgKVIh8= persistent-keepalive 25
  ip route replace 10.80.0.1/32 dev wg-c-y proto 116 src 10.80.0.4
  ip route replace 10.80.0.3/32 dev wg-c-y proto 116 src 10.80.0.4
  ip route replace 10.80.0.5/32 dev wg-e-z proto 116 src 10.80.0.4
  ip route replace 10.80.0.6/32 dev wg-f proto 116 src 10.80.0.4
  ip route replace fd80::1/128 dev wg-c-y proto 116 src fd80::4
  ip route replace fd80::3/128 dev wg-c-y proto 116 src fd80::4
  ip route replace fd80::5/128 dev wg-e-z proto 116 src fd80::4
  ip route replace fd80::6/128 dev wg-f proto 116 src fd80::4
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
