// Words between agents: a sealed datagram by the overlay's own way, and copies through neighbours, as the way may be what broke.
import type { Socket } from "node:dgram";
import { signal, type Notice } from "../core/agent/messages.ts";
import { openSocket } from "../stamp/sockets.ts";
import { Datagrams, type Outgoing } from "./datagram.ts";
import { pairKeys, type Identity } from "./pair-keys.ts";

/** UDP for words between agents, TCP for the controller. */
export const AGENT_PORT = 7116;
const COPIES = 3;
const AGAIN_MS = 1_000;

export interface SignalsOptions {
  readonly identity: Identity;
  /** Overlay addresses of all nodes, of one family, in the network's order. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Nodes that a link leads to and that are heard, the best first. */
  readonly neighbours: () => readonly string[];
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
    const by = this.#options
      .neighbours()
      .filter((node) => node !== to)
      .slice(0, COPIES);
    this.#send([{ to, bytes }, ...by.map((each) => ({ to, by: each, bytes }))]);
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
    this.#send(outgoing);
    if (from === undefined || text === undefined) return;
    const parsed = signal.safeParse(JSON.parse(text));
    if (parsed.success) this.#options.told(from, parsed.data.notices);
  }

  #send(all: readonly Outgoing[]): void {
    for (const { to, by, bytes } of all) {
      const address = this.#options.addresses.get(by ?? to);
      if (address !== undefined) this.#socket?.send(bytes, AGENT_PORT, address, ignore);
    }
  }
}

const ignore = (): void => undefined;
