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
add chain inet tofro relay { type filter hook prerouting priority raw; policy accept; }
flush chain inet tofro relay
add rule inet tofro relay iifname != @tunnels fib daddr type local meta nfproto ipv4 udp dport 4500 @th,64,32 { 0x1000000, 0x2000000, 0x3000000, 0x4000000 } ct zone set 30430
add rule inet tofro relay iifname != @tunnels fib daddr type local ip saddr 198.51.100.3 udp sport 7100 ct zone set 30430
add rule inet tofro relay iifname != @tunnels fib daddr type local ip saddr 198.51.100.1 udp dport 51820 @th,64,32 { 0x1000000, 0x2000000, 0x3000000, 0x4000000 } ct zone set 2379
add rule inet tofro relay iifname != @tunnels fib daddr type local ip saddr 198.51.100.3 udp sport 7001 ct zone set 2379
add chain inet tofro relay_to { type nat hook prerouting priority dstnat; policy accept; }
flush chain inet tofro relay_to
add rule inet tofro relay_to ct zone 30430 udp dport 4500 dnat ip to 198.51.100.3:7100
add rule inet tofro relay_to ct zone 2379 udp dport 51820 dnat ip to 198.51.100.3:7001
add chain inet tofro relay_from { type nat hook postrouting priority srcnat; policy accept; }
flush chain inet tofro relay_from
add rule inet tofro relay_from ct zone 30430 ct status dnat masquerade
add rule inet tofro relay_from ct zone 2379 ct status dnat masquerade
TOFRO
  was=$(grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv4/conf/*/accept_redirects); (set -C; echo "$was" > /run/tofro/shell/saved/ipv4) 2>/dev/null || true
  sysctl -qw net.ipv4.ip_forward=1
}
case "$1" in
  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;
  down) down ;;
  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;
esac
