// Words between agents: a sealed datagram by the overlay's own way, and copies through neighbours, as the way may be what broke.
import type { Socket } from "node:dgram";
import { signal, type Notice } from "../core/agent/messages.ts";
import type { LinkIndex } from "../core/route.ts";
import { openSocket } from "../stamp/sockets.ts";
import { Datagrams, type Outgoing } from "./datagram.ts";
import { pairKeys, type Identity } from "./pair-keys.ts";

/** UDP for words between agents, TCP for the controller. */
export const AGENT_PORT = 7116;
const COPIES = 3;
const AGAIN_MS = 1_000;

export interface Neighbour {
  readonly node: string;
  /** The link that it sends to us. */
  readonly link: LinkIndex;
}

export interface SignalsOptions {
  readonly identity: Identity;
  /** Overlay addresses of all nodes, of one family, in the network's order. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Nodes that a link leads to and that are heard, the best first. */
  readonly neighbours: () => readonly Neighbour[];
  /** Through the tunnel to a neighbour, whatever the routes say. */
  readonly sendBy: (neighbour: Neighbour, bytes: Buffer, port: number) => void;
  readonly told: (from: string, notices: readonly Notice[]) => void;
}

export class Signals {
  readonly #options: SignalsOptions;
  readonly #datagrams: Datagrams;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: SignalsOptions) {
    this.#options = options;
    const { identity, addresses } = options;
    this.#datagrams = new Datagrams(identity.node, [...addresses.keys()], pairKeys(identity, "signal"));
    void this.#begin();
  }

  tell(to: string, notices: readonly Notice[]): void {
    const bytes = this.#datagrams.send(to, JSON.stringify({ notices }), performance.now());
    this.#sendByEveryWay({ to, bytes });
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  async #begin(): Promise<void> {
    const { identity, addresses } = this.#options;
    try {
      const socket = await openSocket(addresses.get(identity.node)!, AGENT_PORT);
      if (this.#isStopped) return void socket.close();
      this.#socket = socket.on("message", (bytes) => this.#receive(bytes)).on("error", ignore);
    } catch {
      this.#timer = setTimeout(() => void this.#begin(), AGAIN_MS);
    }
  }

  #receive(bytes: Buffer): void {
    const { from, text, outgoing } = this.#datagrams.receive(bytes, performance.now());
    for (const each of outgoing) {
      if (each.isPassedOn) this.#send(each, this.#neighboursFirst(each.to, 0));
      // An answer: the way that it would take may be what broke.
      else this.#sendByEveryWay(each);
    }
    if (from === undefined || text === undefined) return;
    const parsed = signal.safeParse(JSON.parse(text));
    if (parsed.success) this.#options.told(from, parsed.data.notices);
  }

  #sendByEveryWay(outgoing: Outgoing): void {
    this.#send(outgoing, this.#neighboursFirst(outgoing.to, COPIES));
  }

  /** Its receiver itself, if there is a tunnel to it, and so many others. */
  #neighboursFirst(to: string, others: number): Neighbour[] {
    const all = this.#options.neighbours();
    const isReceiver = ({ node }: Neighbour): boolean => node === to;
    return [...all.filter(isReceiver), ...all.filter((each) => !isReceiver(each)).slice(0, others)];
  }

  #send({ to, bytes }: Outgoing, by: readonly Neighbour[]): void {
    const address = this.#options.addresses.get(to);
    if (address !== undefined) this.#socket?.send(bytes, AGENT_PORT, address, ignore);
    // Not by the routes, which may lead to a neighbour by a longer way, and over what broke.
    for (const each of by) this.#options.sendBy(each, bytes, AGENT_PORT);
  }
}

const ignore = (): void => undefined;
