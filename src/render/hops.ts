// The hops to an address as the routers on the way name themselves, by ping(8) with a growing TTL.

/** More than any path has in a network that one would draw. */
const MOST_HOPS = 14;

/**
 * Shell lines that print `hop <address>` for every hop, the last one the destination; a hop that does not answer in
 * three tries ends the list with `hop *`. (traceroute now and then does not recognise answers that tcpdump shows.)
 */
export const hopsScript = (address: string): string => `hops() {
  for ttl in $(seq ${MOST_HOPS}); do
    answer=
    for try in 1 2 3; do
      answer=$(ping -n -c 1 -W 2 -t $ttl "$1" | sed -n 's/^From \\([^ ]*\\) .*/\\1/p; s/^[0-9]* bytes from \\([^ ]*\\): .*/\\1/p')
      [ -z "$answer" ] || break
    done
    echo "hop \${answer:-*}"
    [ -n "$answer" ] && [ "$answer" != "$1" ] || return 0
  done
}
hops ${address}`;

/** The addresses that the lines named, in order. */
export const parseHops = (output: string): string[] =>
  Array.from(output.matchAll(/^hop (\S+)$/gm), ([, hop]) => hop!);
