# Made by tofro from tofro.yaml: b. Change the network file and export again.
# `sh install.sh` as root, beside its files: puts them in place, and says what to run then.
set -e; umask 077; cd "$(dirname "$0")"
mkdir -p /etc/systemd/network /etc/systemd/networkd.conf.d /etc/sysctl.d /etc/tofro
chmod 755 /etc/systemd/network /etc/systemd/networkd.conf.d /etc/sysctl.d
were=$(cat /etc/systemd/network/10-tofro-*.netdev 2>/dev/null | sed -n 's/^Name=//p')
rm -f /etc/systemd/network/10-tofro-*
for each in wg-a wg-a-lte wg-c wg-c-second wg-c-v6; do
  install -m 640 -g systemd-network $each.netdev /etc/systemd/network/10-tofro-$each.netdev
  install -m 644 $each.network /etc/systemd/network/10-tofro-$each.network
done
install -m 644 networkd.conf /etc/systemd/networkd.conf.d/tofro.conf
install -m 644 sysctl.conf /etc/sysctl.d/60-tofro.conf
install -m 600 tofro.nft /etc/tofro/tofro.nft
install -m 644 tofro-firewall.service /etc/systemd/system/tofro-firewall.service
if [ -e /etc/tofro/private.key ]; then chgrp systemd-network /etc/tofro /etc/tofro/private.key; chmod 710 /etc/tofro; chmod 640 /etc/tofro/private.key; fi
[ -z "$were" ] || echo Now: for each in $were\; do ip link del \$each\; done
echo 'Now: systemctl daemon-reload; systemctl enable tofro-firewall; systemctl reload-or-restart tofro-firewall; systemctl restart systemd-networkd'
