// Keys that two nodes share and no third one has, transits included: X25519 of their WireGuard keys (RFC 7748) and HKDF (RFC 5869).
import { hkdfSync } from "node:crypto";
import { x25519 } from "../files/keys.ts";

export interface Identity {
  readonly node: string;
  /** WireGuard private key, base64. */
  readonly privateKey: string;
  /** WireGuard public keys of all nodes, base64. */
  readonly publicKeys: ReadonlyMap<string, string>;
}

/** `salt` makes them of this moment only: it holds a nonce of each side. */
export type PairKeys = (peer: string, salt: Uint8Array) => Pair | undefined;

interface Pair {
  readonly send: Buffer;
  readonly receive: Buffer;
}

/** Of each peer: there and back, and those of a life that has just ended. */
const MOST_REMEMBERED = 4;

/** Undefined for a node that is not in the network. WireGuard itself never uses a key like these: the purpose is mixed in. */
export function pairKeys({ node, privateKey, publicKeys }: Identity, purpose: string): PairKeys {
  const own = Buffer.from(privateKey, "base64");
  const shared = new Map<string, Buffer>();
  const secretWith = (peer: string): Buffer | undefined => {
    const known = shared.get(peer);
    if (known !== undefined) return known;
    const publicKey = publicKeys.get(peer);
    if (publicKey === undefined || peer === node) return undefined;
    const secret = x25519(own, Buffer.from(publicKey, "base64"));
    shared.set(peer, secret);
    return secret;
  };
  const remembered = new Map<string, Map<string, Pair>>();
  return (peer, salt) => {
    const secret = secretWith(peer);
    if (secret === undefined) return undefined;
    const ofPeer = remembered.get(peer) ?? new Map<string, Pair>();
    remembered.set(peer, ofPeer);
    const name = Buffer.from(salt).toString("base64");
    const known = ofPeer.get(name);
    if (known !== undefined) return known;
    const key = (from: string, to: string): Buffer =>
      Buffer.from(hkdfSync("sha256", secret, salt, `tofro ${purpose} ${from} > ${to}`, 32));
    const made = { send: key(node, peer), receive: key(peer, node) };
    ofPeer.set(name, made);
    const [oldest] = ofPeer.keys();
    if (ofPeer.size > MOST_REMEMBERED) ofPeer.delete(oldest!);
    return made;
  };
}
