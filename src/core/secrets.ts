// The private half of a network: what tofro.secrets holds. Never printed, logged or put on a command line.

export interface Secrets {
  /** WireGuard private keys (base64) by node name. */
  readonly privateKeys: ReadonlyMap<string, string>;
  /** WireGuard preshared keys (base64) by tunnel id. */
  readonly presharedKeys: ReadonlyMap<string, string>;
}

export const NO_SECRETS: Secrets = { privateKeys: new Map(), presharedKeys: new Map() };
