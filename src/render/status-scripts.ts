// The script that tells what one machine's WireGuard does now. It reads only, and prints no key.

/** For `sh -s`; sections begin with `== name`. */
export const tunnelsScript = [
  "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
  "echo '== now'",
  "date +%s",
  ...["transfer", "latest-handshakes", "endpoints"].flatMap((what) => [
    `echo '== ${what}'`,
    `wg show all ${what}`,
  ]),
  "echo '== end'",
  "",
].join("\n");
