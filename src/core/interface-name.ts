// Interface names: `wg-<peer>` and the forwarder or uplink, cut with a stable suffix at the kernel's 15 bytes.
import { fnv1a } from "./fnv.ts";

/** IFNAMSIZ less the closing NUL. */
const MAX_INTERFACE_NAME = 15;
const SUFFIX_LENGTH = 4;

/** A free name for the interface towards a peer, the same whenever the same names are taken. */
export function interfaceName(peer: string, over: string | undefined, taken: ReadonlySet<string>): string {
  const full = ["wg", peer, ...(over === undefined ? [] : [over])].join("-");
  if (full.length <= MAX_INTERFACE_NAME && !taken.has(full)) return full;
  for (let attempt = 0; ; attempt++) {
    const head = full.slice(0, MAX_INTERFACE_NAME - SUFFIX_LENGTH - 1).replace(/-+$/, "");
    const name = `${head}-${suffix(`${full}/${over ?? ""}/${attempt}`)}`;
    if (!taken.has(name)) return name;
  }
}

/** Four letters and digits. */
const suffix = (text: string): string =>
  fnv1a(text).toString(36).padStart(SUFFIX_LENGTH, "0").slice(-SUFFIX_LENGTH);
