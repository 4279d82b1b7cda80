// What was allocated once and must never change by itself: the content of tofro.lock.
import type { Address } from "./address.ts";

/** By node name; everything the user left out of the file. */
export interface Lock {
  readonly nodes: ReadonlyMap<string, LockedNode>;
  /** The machines have agents, as `apply --agent` was told. */
  readonly agents?: true;
}

export interface LockedNode {
  readonly addresses: readonly Address[];
  /** The base that the ports were counted from; another base in the file counts anew. */
  readonly basePort: number;
  /** WireGuard public key, base64; absent until a key was made. */
  readonly publicKey?: string;
  /** The node keeps its private key to itself, and the next apply has it make a new one. */
  readonly renewsKey?: true;
  /** By peer node (direct tunnel), forwarder, or `peer/uplink`. */
  readonly interfaces: ReadonlyMap<string, LockedInterface>;
  /** UDP ports that the node forwards, by forwarder; absent: none. */
  readonly forwards?: ReadonlyMap<string, number>;
}

export interface LockedInterface {
  readonly name: string;
  readonly port: number;
}

export const EMPTY_LOCK: Lock = { nodes: new Map() };
