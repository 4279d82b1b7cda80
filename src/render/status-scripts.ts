// The script that tells what one machine's WireGuard does now. It reads only, and prints no key.
import { wgShowAll } from "./wg-show.ts";

/** For `sh -s`; sections begin with `== name`. */
export const tunnelsScript = [
  "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
  "echo '== now'",
  "date +%s",
  ...["transfer", "latest-handshakes", "endpoints"].flatMap((what) => [`echo '== ${what}'`, wgShowAll(what)]),
  "echo '== end'",
  "",
].join("\n");
