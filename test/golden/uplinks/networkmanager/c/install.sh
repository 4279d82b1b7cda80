# Made by tofro from tofro.yaml: c. Change the network file and export again.
# Not here: protocol 116 on routes and rules. NetworkManager marks them as static; they are those of its connections.
# `sh install.sh` as root, beside its files: puts them in place, and says what to run then.
set -e; umask 077; cd "$(dirname "$0")"
mkdir -p /etc/NetworkManager/system-connections /etc/sysctl.d /etc/tofro
chmod 755 /etc/sysctl.d
rm -f /etc/NetworkManager/system-connections/tofro-*.nmconnection
for each in wg-a wg-a-second wg-a-v6 wg-b wg-b-second wg-b-v6 wg-mobile; do
  while IFS= read -r line; do
    if [ "$line" = private-key=OWN-KEY ]; then IFS= read -r key </etc/tofro/private.key; line=private-key=$key; fi
    printf '%s\n' "$line"
  done <$each.nmconnection >/etc/NetworkManager/system-connections/tofro-$each.nmconnection
done
install -m 644 sysctl.conf /etc/sysctl.d/60-tofro.conf
install -m 600 tofro.nft /etc/tofro/tofro.nft
install -m 644 tofro-firewall.service /etc/systemd/system/tofro-firewall.service
echo 'Now: systemctl daemon-reload; systemctl enable tofro-firewall; systemctl reload-or-restart tofro-firewall; nmcli connection reload; nmcli connection up tofro-wg-a; nmcli connection up tofro-wg-a-second; nmcli connection up tofro-wg-a-v6; nmcli connection up tofro-wg-b; nmcli connection up tofro-wg-b-second; nmcli connection up tofro-wg-b-v6; nmcli connection up tofro-wg-mobile'
