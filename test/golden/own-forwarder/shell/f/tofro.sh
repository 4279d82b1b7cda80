# Made by tofro from tofro.yaml: f. Change the network file and export again.
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
add chain inet tofro relay { type filter hook prerouting priority raw; policy accept; }
flush chain inet tofro relay
add rule inet tofro relay iifname != @tunnels fib daddr type local meta nfproto ipv6 udp dport 51821 @th,64,32 { 0x1000000, 0x2000000, 0x3000000, 0x4000000 } ct zone set 11005
add rule inet tofro relay iifname != @tunnels fib daddr type local ip6 saddr 2001:db8::5 udp sport 51821 ct zone set 11005
add chain inet tofro relay_to { type nat hook prerouting priority dstnat; policy accept; }
flush chain inet tofro relay_to
add rule inet tofro relay_to ct zone 11005 udp dport 51821 dnat ip6 to [2001:db8::5]:51821
add chain inet tofro relay_from { type nat hook postrouting priority srcnat; policy accept; }
flush chain inet tofro relay_from
add rule inet tofro relay_from ct zone 11005 ct status dnat masquerade
add element inet tofro tunnels { "wg-d" }
add element inet tofro arrivals4 { "wg-d" . 10.80.0.1/32, "wg-d" . 10.80.0.3/32, "wg-d" . 10.80.0.4/32, "wg-d" . 10.80.0.5/32 }
add element inet tofro arrivals6 { "wg-d" . fd80::1/128, "wg-d" . fd80::3/128, "wg-d" . fd80::4/128, "wg-d" . fd80::5/128 }
TOFRO
  was=$(grep -H . /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv6/conf/*/forwarding /proc/sys/net/ipv6/conf/*/accept_ra); (set -C; echo "$was" > /run/tofro/shell/saved/ipv6) 2>/dev/null || true
  for ra in /proc/sys/net/ipv6/conf/*/accept_ra; do if [ $(cat $ra) = 1 ]; then echo 2 > $ra; fi; done
  sysctl -qw net.ipv6.conf.all.forwarding=1
  ip link add wg-d type wireguard 2>/dev/null || wireguard-go wg-d >/dev/null
  echo wg-d >>/run/tofro/shell/interfaces
  wg setconf wg-d /dev/stdin <<'TOFRO'
[Interface]
PrivateKey = JS8QyDYQ68oaBZwLroJV66L5W+TR17z6idckioLZ8RE=
ListenPort = 51820
[Peer]
PublicKey = UGZPPDpPuKe81WHMbT8ont0w4P9mrxAnnL3vckqLT0M=
PresharedKey = rTUXQ8ST/ga53TU60QQA3Z7GJ9/QtaRFL78GVrutSqk=
AllowedIPs = 10.80.0.1/32, 10.80.0.3/32, 10.80.0.4/32, 10.80.0.5/32, fd80::1/128, fd80::3/128, fd80::4/128, fd80::5/128
TOFRO
  sysctl -qw net.ipv4.conf.wg-d.rp_filter=2
  ip address add 10.80.0.6/32 dev wg-d
  ip address add fd80::6/128 dev wg-d nodad
  ip link set wg-d mtu 1420 up
  ip route replace 10.80.0.1/32 dev wg-d proto 116 src 10.80.0.6
  ip route replace 10.80.0.3/32 dev wg-d proto 116 src 10.80.0.6
  ip route replace 10.80.0.4/32 dev wg-d proto 116 src 10.80.0.6
  ip route replace 10.80.0.5/32 dev wg-d proto 116 src 10.80.0.6
  ip route replace fd80::1/128 dev wg-d proto 116 src fd80::6
  ip route replace fd80::3/128 dev wg-d proto 116 src fd80::6
  ip route replace fd80::4/128 dev wg-d proto 116 src fd80::6
  ip route replace fd80::5/128 dev wg-d proto 116 src fd80::6
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
