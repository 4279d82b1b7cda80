// New keys for nodes that have some already: tofro.secrets and tofro.lock are changed, the machines by the next apply.
import { TofroError } from "../core/error.ts";
import { keepsItsKey } from "../core/spec.ts";
import { generatePresharedKey, generatePrivateKey } from "./keys.ts";
import { planOf, settle, type Network } from "./network.ts";

export interface Rotation {
  readonly network: Network;
  /** Nodes with a new key pair. */
  readonly rotated: readonly string[];
  /** Nodes that keep their private key to themselves: only the preshared keys of their tunnels are new. */
  readonly kept: readonly string[];
}

/** Makes new private keys for these nodes (none named: all), and new preshared keys for all their tunnels. */
export async function rotate(network: Network, names: readonly string[]): Promise<Rotation> {
  const unknown = names.find((name) => !network.spec.nodes.some((node) => node.name === name));
  if (unknown !== undefined) throw new TofroError(`There is no node "${unknown}"`, { kind: "usage" });
  const chosen = network.spec.nodes.filter(({ name }) => names.length === 0 || names.includes(name));
  const kept = chosen.filter(keepsItsKey).map(({ name }) => name);
  const rotated = chosen.map(({ name }) => name).filter((name) => !kept.includes(name));
  const privateKeys = new Map(network.secrets.privateKeys);
  for (const name of rotated) privateKeys.set(name, generatePrivateKey());
  const presharedKeys = new Map(network.secrets.presharedKeys);
  const nodes = new Set(chosen.map(({ name }) => name));
  for (const { id, ends } of planOf(network).topology.tunnels) {
    if (ends.some(({ node }) => nodes.has(node))) presharedKeys.set(id, generatePresharedKey());
  }
  const settled = await settle({ ...network, secrets: { privateKeys, presharedKeys } });
  return { network: settled.network, rotated, kept };
}
