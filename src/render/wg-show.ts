// What all WireGuard interfaces say of one thing, a line each.

/**
 * A shell command. Of an interface without a peer `wg show all endpoints` (wg(8), 1.0.20210914) prints the name and no end of the
 * line, so that whatever comes next is glued to it: the last three words are a line.
 */
export const wgShowAll = (what: string): string =>
  what === "endpoints"
    ? `wg show all endpoints | awk 'NF > 2 { print $(NF - 2) "\\t" $(NF - 1) "\\t" $NF }'`
    : `wg show all ${what}`;
