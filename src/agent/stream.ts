// A sealed TCP stream of messages between two nodes that know each other's keys.
//
//   caller ──── name, nonce ───> listener        Both then seal with keys made of the two nonces, so a recording of another day
//          <──── nonce ─────────                 opens nothing. A frame: its length (4 octets), then the sealed text.
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { open, seal, TAG_SIZE } from "./aead.ts";
import type { PairKeys } from "./pair-keys.ts";

const NONCE_SIZE = 16;
const LENGTH_SIZE = 4;
/** A choice for a thousand nodes, and some room. */
const MOST_OCTETS = 32 * 1024 * 1024;
/** Until it has shown that it has a key, nobody may send more than a greeting and a first message. */
const MOST_UNPROVEN = 64 * 1024;
/** Both sides speak every second; a stream of which nothing is heard for so long is over. */
const SILENT_MS = 5_000;
const NONE = new Uint8Array();

export interface Stream {
  readonly peer: string;
  readonly send: (text: string) => void;
  readonly end: () => void;
}

export interface StreamEvents {
  /** The peer has proved who it is. */
  readonly opened: (stream: Stream) => void;
  readonly message: (stream: Stream, text: string) => void;
  /** Once, for whatever reason; not called for a peer that never proved who it is. */
  readonly closed: (stream: Stream) => void;
}

/** The caller's side, on a socket that is connected. */
export function callOn(
  socket: Socket,
  node: string,
  peer: string,
  keys: PairKeys,
  events: StreamEvents,
): void {
  const own = randomBytes(NONCE_SIZE);
  socket.write(Buffer.concat([Buffer.from(`${node}\n`, "utf8"), own]));
  converse(socket, events, (bytes) => {
    if (bytes.length < NONCE_SIZE) return undefined;
    const theirs = bytes.subarray(0, NONCE_SIZE);
    const found = keys(peer, Buffer.concat([own, theirs]));
    return found && { peer, ...found, rest: bytes.subarray(NONCE_SIZE) };
  });
}

/** The listener's side. */
export function listenOn(socket: Socket, keys: PairKeys, events: StreamEvents): void {
  const own = randomBytes(NONCE_SIZE);
  converse(socket, events, (bytes) => {
    const end = bytes.indexOf(0x0a);
    if (end === -1 || bytes.length < end + 1 + NONCE_SIZE) return undefined;
    const peer = bytes.toString("utf8", 0, end);
    const theirs = bytes.subarray(end + 1, end + 1 + NONCE_SIZE);
    const found = keys(peer, Buffer.concat([theirs, own]));
    if (found === undefined) throw new Error("it is no node of this network");
    socket.write(own);
    return { peer, ...found, rest: bytes.subarray(end + 1 + NONCE_SIZE) };
  });
}

interface Agreed {
  readonly peer: string;
  readonly send: Buffer;
  readonly receive: Buffer;
  readonly rest: Buffer;
}

/** `agree` returns undefined until it has enough, and throws when it never will. */
function converse(socket: Socket, events: StreamEvents, agree: (bytes: Buffer) => Agreed | undefined): void {
  let bytes: Buffer = Buffer.alloc(0);
  let agreed: Agreed | undefined;
  let stream: Stream | undefined;
  let [sent, received] = [0n, 0n];
  const write = (text: string): void => {
    const sealed = seal(agreed!.send, sent++, Buffer.from(text, "utf8"), NONE);
    const length = Buffer.alloc(LENGTH_SIZE);
    length.writeUInt32BE(sealed.length);
    socket.write(Buffer.concat([length, sealed]));
  };
  const frame = (): string | undefined => {
    if (bytes.length < LENGTH_SIZE) return undefined;
    const length = bytes.readUInt32BE();
    if (length < TAG_SIZE || length > (stream === undefined ? MOST_UNPROVEN : MOST_OCTETS))
      throw new Error("a frame of a length that none has");
    if (bytes.length < LENGTH_SIZE + length) return undefined;
    const text = open(agreed!.receive, received++, bytes.subarray(LENGTH_SIZE, LENGTH_SIZE + length), NONE);
    if (text === undefined) throw new Error("a frame that was not sealed with our keys");
    bytes = bytes.subarray(LENGTH_SIZE + length);
    return text.toString("utf8");
  };
  const prove = (): void => {
    stream = { peer: agreed!.peer, send: write, end: () => socket.end() };
    events.opened(stream);
  };
  const take = (): void => {
    if (agreed === undefined) {
      agreed = agree(bytes);
      if (agreed === undefined) {
        if (bytes.length > MOST_UNPROVEN) throw new Error("no greeting");
        return;
      }
      bytes = agreed.rest;
      // An empty message: whoever can seal it has the key, and the nonces are of now.
      write("");
    }
    for (let text = frame(); text !== undefined; text = frame()) {
      if (stream === undefined) prove();
      else events.message(stream, text);
    }
  };
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 5_000);
  const timer = setTimeout(() => socket.destroy(), SILENT_MS);
  socket.on("data", (chunk: Buffer) => {
    timer.refresh();
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    try {
      take();
    } catch {
      // Not one of ours, or somebody who changes what we say.
      socket.destroy();
    }
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    clearTimeout(timer);
    if (stream !== undefined) events.closed(stream);
  });
}
