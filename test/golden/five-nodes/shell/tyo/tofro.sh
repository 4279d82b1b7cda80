# Made by tofro from tofro.yaml: tyo. Change the network file and export again.
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
add element inet tofro tunnels { "wg-hkg" }
add element inet tofro arrivals4 { "wg-hkg" . 10.77.0.1/32, "wg-hkg" . 10.77.0.3/32 }
add element inet tofro arrivals6 { "wg-hkg" . fd77::1/128, "wg-hkg" . fd77::3/128 }
add element inet tofro transits { "wg-hkg" . "wg-lax" }
add element inet tofro tunnels { "wg-home" }
add element inet tofro arrivals4 { "wg-home" . 10.77.0.1/32 }
add element inet tofro arrivals6 { "wg-home" . fd77::1/128 }
add element inet tofro tunnels { "wg-lax" }
add element inet tofro arrivals4 { "wg-lax" . 10.77.0.5/32 }
add element inet tofro arrivals6 { "wg-lax" . fd77::5/128 }
add element inet tofro transits { "wg-lax" . "wg-office" }
add element inet tofro tunnels { "wg-office" }
add element inet tofro arrivals4 { "wg-office" . 10.77.0.2/32 }
add element inet tofro arrivals6 { "wg-office" . fd77::2/128 }
add element inet tofro transits { "wg-office" . "wg-home" }
TOFRO
  was=$(grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv4/conf/*/accept_redirects); (set -C; echo "$was" > /run/tofro/shell/saved/ipv4) 2>/dev/null || true
  sysctl -qw net.ipv4.ip_forward=1
  was=$(grep -H . /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv6/conf/*/forwarding /proc/sys/net/ipv6/conf/*/accept_ra); (set -C; echo "$was" > /run/tofro/shell/saved/ipv6) 2>/dev/null || true
  for ra in /proc/sys/net/ipv6/conf/*/accept_ra; do if [ $(cat $ra) = 1 ]; then echo 2 > $ra; fi; done
  sysctl -qw net.ipv6.conf.all.forwarding=1
  ip link add wg-hkg type wireguard 2>/dev/null || wireguard-go wg-hkg >/dev/null
  echo wg-hkg >>/run/tofro/shell/interfaces
  wg setconf wg-hkg /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = vusmjciUyeCZuSrQKxiTZxJsRwWSGVZE+VBOWoToLx0=
ListenPort = 51822
[Peer]
PublicKey = 4V+HGAtThtDhkz4J7NDHvrlfl1zruV6+Ki6i/GU6DW0=
PresharedKey = koS1X5KpF3exOXmBlzPjWGSgPdkaJitOgyidE/HCrwY=
AllowedIPs = 10.77.0.1/32, 10.77.0.3/32, fd77::1/128, fd77::3/128
Endpoint = 198.51.100.11:51822
TOFRO
  sysctl -qw net.ipv4.conf.wg-hkg.rp_filter=2
  ip address add 10.77.0.4/32 dev wg-hkg
  ip address add fd77::4/128 dev wg-hkg nodad
  ip link set wg-hkg mtu 1420 up
  ip link add wg-home type wireguard 2>/dev/null || wireguard-go wg-home >/dev/null
  echo wg-home >>/run/tofro/shell/interfaces
  wg setconf wg-home /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = vusmjciUyeCZuSrQKxiTZxJsRwWSGVZE+VBOWoToLx0=
ListenPort = 51820
[Peer]
PublicKey = 7EPEPMXh7gS+7Tlids6hLrebeDzwW7muILybM7V47hw=
PresharedKey = EwSlxgYM7MTzci3Xdu7xT/ezUz0897edNk2MsYEca08=
AllowedIPs = 10.77.0.1/32, fd77::1/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-home.rp_filter=2
  ip address add 10.77.0.4/32 dev wg-home
  ip address add fd77::4/128 dev wg-home nodad
  ip link set wg-home mtu 1420 up
  ip link add wg-lax type wireguard 2>/dev/null || wireguard-go wg-lax >/dev/null
  echo wg-lax >>/run/tofro/shell/interfaces
  wg setconf wg-lax /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = vusmjciUyeCZuSrQKxiTZxJsRwWSGVZE+VBOWoToLx0=
ListenPort = 51823
[Peer]
PublicKey = yFfR+rKAeRaLgVg6atrjzD0rqqgbZYxnDCOAP/JbkQw=
PresharedKey = JP0mI7dti2DGxxLe9PRWdzeoOG4jzyKtMhmxuM0lOjI=
AllowedIPs = 10.77.0.5/32, fd77::5/128
Endpoint = 198.51.100.13:51822
TOFRO
  sysctl -qw net.ipv4.conf.wg-lax.rp_filter=2
  ip address add 10.77.0.4/32 dev wg-lax
  ip address add fd77::4/128 dev wg-lax nodad
  ip link set wg-lax mtu 1420 up
  ip link add wg-office type wireguard 2>/dev/null || wireguard-go wg-office >/dev/null
  echo wg-office >>/run/tofro/shell/interfaces
  wg setconf wg-office /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = vusmjciUyeCZuSrQKxiTZxJsRwWSGVZE+VBOWoToLx0=
ListenPort = 51821
[Peer]
PublicKey = U6zFXlSeFGOF5yyW9ZLU9xaxD/9LDFE86GhPgNRYIHg=
PresharedKey = VhxraVMfssXwSEbPtxYPL3GxAIPihyFSS2afTkd20R0=
AllowedIPs = 10.77.0.2/32, fd77::2/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-office.rp_filter=2
  ip address add 10.77.0.4/32 dev wg-office
  ip address add fd77::4/128 dev wg-office nodad
  ip link set wg-office mtu 1420 up
  ip route replace 10.77.0.1/32 dev wg-home proto 116 src 10.77.0.4
  ip route replace 10.77.0.2/32 dev wg-office proto 116 src 10.77.0.4
  ip route replace 10.77.0.3/32 dev wg-hkg proto 116 src 10.77.0.4
  ip route replace 10.77.0.5/32 dev wg-lax proto 116 src 10.77.0.4
  ip route replace fd77::1/128 dev wg-home proto 116 src fd77::4
  ip route replace fd77::2/128 dev wg-office proto 116 src fd77::4
  ip route replace fd77::3/128 dev wg-hkg proto 116 src fd77::4
  ip route replace fd77::5/128 dev wg-lax proto 116 src fd77::4
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
