// Shell lines for firewalls of others on a lab host, and for being without tofro's own.

/** A table of somebody else's, with one chain and one rule. */
export const FW = (chain: string, rule: string): string =>
  `nft 'add table inet fw; add chain inet fw c { ${chain} }; add rule inet fw c ${rule}'`;
export const NO_FW = "nft delete table inet fw";
export const NO_TOFRO = "nft list table inet tofro >/run/kept; nft delete table inet tofro";
export const TOFRO = "nft -f /run/kept";
export const FORWARD = "type filter hook forward priority filter; policy";
