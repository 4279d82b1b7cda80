// New keys for nodes that have some already: tofro.secrets and tofro.lock are changed, the machines by the next apply.
import { TofroError } from "../core/error.ts";
import { keepsItsKey } from "../core/spec.ts";
import { generatePresharedKey, generatePrivateKey } from "./keys.ts";
import { planOf, settleOpen, type OpenNetwork } from "./network.ts";

export interface Rotation {
  /** Nodes with a new key pair. */
  readonly rotated: readonly string[];
  /** Nodes that will make a new key pair themselves, in the next apply. */
  readonly renewing: readonly string[];
  /** Nodes whose public key is in the network file: only the preshared keys of their tunnels are new. */
  readonly kept: readonly string[];
}

/** Makes new private keys for these nodes (none named: all), and new preshared keys for all their tunnels. */
export async function rotate(network: OpenNetwork, names: readonly string[]): Promise<Rotation> {
  const unknown = names.find((name) => !network.spec.nodes.some((node) => node.name === name));
  if (unknown !== undefined) throw new TofroError(`There is no node "${unknown}"`, { kind: "usage" });
  const chosen = network.spec.nodes.filter(({ name }) => names.length === 0 || names.includes(name));
  const draft = planOf(network);
  const lock = new Map(draft.lock.nodes);
  const privateKeys = new Map(network.secrets.privateKeys);
  for (const node of chosen) {
    // A key from before it kept its own would be left over.
    privateKeys.delete(node.name);
    if (node.makesItsKey) lock.set(node.name, { ...lock.get(node.name)!, renewsKey: true });
    else if (!keepsItsKey(node)) privateKeys.set(node.name, generatePrivateKey());
  }
  const presharedKeys = new Map(network.secrets.presharedKeys);
  const nodes = new Set(chosen.map(({ name }) => name));
  for (const { id, ends } of draft.topology.tunnels) {
    if (ends.some(({ node }) => nodes.has(node))) presharedKeys.set(id, generatePresharedKey());
  }
  await settleOpen({ ...network, lock: { nodes: lock }, secrets: { privateKeys, presharedKeys } });
  const named = (which: (node: (typeof chosen)[number]) => boolean): string[] =>
    chosen.filter(which).map(({ name }) => name);
  return {
    rotated: named((node) => !keepsItsKey(node)),
    renewing: named((node) => node.makesItsKey === true),
    kept: named((node) => node.publicKey !== undefined),
  };
}
