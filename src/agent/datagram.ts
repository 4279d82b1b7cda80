// Sealed datagrams between agents, without a socket: what goes out, what comes in, and whom to tell one's life.
//
//   octets  1      2      2    1       8              8              8         …
//          kind   from    to  hops  sender's life  receiver's life  number   sealed text
//
// A life is a random number of a running agent. The key is made of both, so what was said to an earlier life, or by one, is
// never accepted again. Who is spoken to by the wrong name of his life says the right one ("greeting"), in the clear: it is
// believed only as far as sealing with it goes.
import { randomBytes } from "node:crypto";
import { open, seal } from "./aead.ts";
import type { PairKeys } from "./pair-keys.ts";

const KIND = { message: 1, greeting: 2 } as const;
const AT = { kind: 0, from: 1, to: 3, hops: 5, senderLife: 6, receiverLife: 14, number: 22 } as const;
const HEAD = 30;
/** What was said to a life that was over is said again if it is no older than this. */
const FRESH_MS = 1_000;
const MOST_PENDING = 16;
/** Numbers of one life that may be missing behind the newest. */
const WINDOW = 64n;

export interface Outgoing {
  readonly to: string;
  /** Said by another node; our own words go by every way there is. */
  readonly isPassedOn?: true;
  readonly bytes: Buffer;
}

export interface Accepted {
  readonly from?: string;
  readonly text?: string;
  /** To be sent in answer, or to be passed on. */
  readonly outgoing: readonly Outgoing[];
}

interface Peer {
  life: bigint;
  sent: bigint;
  pending: { readonly text: string; readonly atMs: number }[];
  /** By life of the peer: the newest number, and which of those before it came. */
  readonly heard: Map<bigint, { newest: bigint; seen: bigint }>;
}

const NOTHING: Accepted = { outgoing: [] };

export class Datagrams {
  readonly #node: string;
  readonly #names: readonly string[];
  readonly #keys: PairKeys;
  readonly #life: bigint;
  readonly #peers = new Map<string, Peer>();

  /** `names`: all nodes in the network's order. */
  constructor(
    node: string,
    names: readonly string[],
    keys: PairKeys,
    life = randomBytes(8).readBigUInt64BE(),
  ) {
    this.#node = node;
    this.#names = names;
    this.#keys = keys;
    this.#life = life;
  }

  /** The same bytes may go by several ways; one of them is accepted. */
  send(to: string, text: string, nowMs: number): Buffer {
    const peer = this.#peer(to);
    peer.pending = [
      ...peer.pending.filter(({ atMs }) => atMs > nowMs - FRESH_MS),
      { text, atMs: nowMs },
    ].slice(-MOST_PENDING);
    return this.#seal(to, peer, text);
  }

  receive(bytes: Buffer, nowMs: number): Accepted {
    if (bytes.length < HEAD) return NOTHING;
    const from = this.#names[bytes.readUInt16BE(AT.from)];
    const to = this.#names[bytes.readUInt16BE(AT.to)];
    if (from === undefined || to === undefined || from === this.#node) return NOTHING;
    if (to !== this.#node) return passOn(bytes, to);
    const kind = bytes.readUInt8(AT.kind);
    if (kind === KIND.greeting) return this.#greeted(from, bytes.readBigUInt64BE(AT.senderLife), nowMs);
    if (kind !== KIND.message) return NOTHING;
    if (bytes.readBigUInt64BE(AT.receiverLife) !== this.#life) return { outgoing: [this.#greeting(from)] };
    return this.#accept(from, bytes);
  }

  #accept(from: string, bytes: Buffer): Accepted {
    const life = bytes.readBigUInt64BE(AT.senderLife);
    const number = bytes.readBigUInt64BE(AT.number);
    const keys = this.#keys(from, saltOf(life, this.#life));
    if (keys === undefined) return NOTHING;
    const text = open(keys.receive, number, bytes.subarray(HEAD), associated(bytes));
    const peer = this.#peer(from);
    if (text === undefined || !isNew(peer, life, number)) return NOTHING;
    // Whoever can seal with our life is alive now: so is the life that it names.
    peer.life = life;
    return { from, text: text.toString("utf8"), outgoing: [] };
  }

  /** Whoever it is from, it only makes us say again what was said a moment ago, sealed for the life that it names. */
  #greeted(from: string, life: bigint, nowMs: number): Accepted {
    const peer = this.#peer(from);
    if (peer.life === life) return NOTHING;
    peer.life = life;
    const again = peer.pending.filter(({ atMs }) => atMs > nowMs - FRESH_MS);
    peer.pending = [];
    return { outgoing: again.map(({ text }) => ({ to: from, bytes: this.#seal(from, peer, text) })) };
  }

  #seal(to: string, peer: Peer, text: string): Buffer {
    const head = this.#head(KIND.message, to, peer.life);
    const number = ++peer.sent;
    head.writeBigUInt64BE(number, AT.number);
    const keys = this.#keys(to, saltOf(this.#life, peer.life));
    if (keys === undefined) throw new Error(`no key for ${to}`);
    return Buffer.concat([head, seal(keys.send, number, Buffer.from(text, "utf8"), associated(head))]);
  }

  #greeting(to: string): Outgoing {
    return { to, bytes: this.#head(KIND.greeting, to, 0n) };
  }

  #head(kind: number, to: string, receiverLife: bigint): Buffer {
    const head = Buffer.alloc(HEAD);
    head.writeUInt8(kind, AT.kind);
    head.writeUInt16BE(this.#names.indexOf(this.#node), AT.from);
    head.writeUInt16BE(this.#names.indexOf(to), AT.to);
    head.writeUInt8(1, AT.hops);
    head.writeBigUInt64BE(this.#life, AT.senderLife);
    head.writeBigUInt64BE(receiverLife, AT.receiverLife);
    return head;
  }

  #peer(name: string): Peer {
    const known = this.#peers.get(name);
    if (known !== undefined) return known;
    const made: Peer = { life: 0n, sent: 0n, pending: [], heard: new Map() };
    this.#peers.set(name, made);
    return made;
  }
}

/** Once: a datagram that comes back is not passed on again. */
function passOn(bytes: Buffer, to: string): Accepted {
  if (bytes.readUInt8(AT.hops) === 0) return NOTHING;
  const copy = Buffer.from(bytes);
  copy.writeUInt8(0, AT.hops);
  return { outgoing: [{ to, isPassedOn: true, bytes: copy }] };
}

/** All of the head but the hops, which the one who passes it on takes off. */
function associated(bytes: Buffer): Buffer {
  const head = Buffer.from(bytes.subarray(0, HEAD));
  head.writeUInt8(0, AT.hops);
  return head;
}

/** The sender's life first, so that both sides make the same. */
function saltOf(sender: bigint, receiver: bigint): Buffer {
  const salt = Buffer.alloc(16);
  salt.writeBigUInt64BE(sender, 0);
  salt.writeBigUInt64BE(receiver, 8);
  return salt;
}

/** As of RFC 6479: numbers come out of order within a window, and each once. */
function isNew({ heard }: Peer, life: bigint, number: bigint): boolean {
  const state = heard.get(life);
  if (state === undefined) {
    heard.set(life, { newest: number, seen: 1n });
    return true;
  }
  if (number > state.newest) {
    const ahead = number - state.newest;
    state.seen = ahead >= WINDOW ? 1n : ((state.seen << ahead) | 1n) & ((1n << WINDOW) - 1n);
    state.newest = number;
    return true;
  }
  const behind = state.newest - number;
  if (behind >= WINDOW || (state.seen & (1n << behind)) !== 0n) return false;
  state.seen |= 1n << behind;
  return true;
}
