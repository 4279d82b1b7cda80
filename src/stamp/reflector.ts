// A stateful STAMP session-reflector (RFC 8762, 4.3) without a socket: packets and the time go in, answers come out.
//
// It answers configured peers only, never with more octets than it was asked with, and what it remembers is bounded:
// a few sessions a peer, a constant amount each.
import { isSealed, seal, type Key } from "./hmac.ts";
import { BASE_SIZE, decodeRequest, encodeReply, type Mode, type Request } from "./packet.ts";
import { ReplayWindow } from "./replay-window.ts";
import { timestampOf } from "./timestamp.ts";
import { reflectExtensions } from "./tlv.ts";

export interface ReflectorPeer {
  readonly address: string;
  /** Where its requests come from; absent: any port. */
  readonly port?: number;
  /** Session ids that it may use; absent: any. */
  readonly ssids?: readonly number[];
  /** Absent: unauthenticated mode. */
  readonly key?: Key;
  /** Requests a second that are answered; more are dropped. */
  readonly rateLimit: number;
  /** Serve TWAMP-light senders: without session id, and down to 41 octets (RFC 8762, 4.6). */
  readonly twampLight?: boolean;
}

/** What became of the packets of one peer; `strangers` are of nobody's. */
export interface ReflectorCounts {
  received: number;
  answered: number;
  forged: number;
  replayed: number;
  limited: number;
  unreadable: number;
}

/** A request that will be answered. */
export interface Accepted {
  readonly request: Request;
  readonly size: number;
  readonly receivedAt: bigint;
  readonly peer: Peer;
  readonly session: Session;
}

/** Sessions kept of one peer: its own, what it had before it restarted, and some to spare. */
const SESSIONS_PER_PEER = 4;
/** Octets of the shortest TWAMP-Test packet (RFC 5357, 4.2.1 with erratum 5045). */
const TWAMP_LIGHT_SIZE = 41;
const NO_TTL = 255;

class Session {
  readonly window = new ReplayWindow();
  /** Test packets of the session, repeated ones included. */
  received = 0;
  /** The next answer's sequence number. */
  sent = 0;
  /** The previous answer, for follow-up telemetry. */
  lastSent = { sequence: 0, at: 0n };
}

class Peer {
  readonly config: ReflectorPeer;
  readonly mode: Mode;
  readonly counts: ReflectorCounts = {
    received: 0,
    answered: 0,
    forged: 0,
    replayed: 0,
    limited: 0,
    unreadable: 0,
  };
  private readonly sessions = new Map<string, Session>();
  private tokens: number;
  private filledAt = 0n;

  constructor(config: ReflectorPeer) {
    this.config = config;
    this.mode = config.key === undefined ? "open" : "authenticated";
    this.tokens = config.rateLimit;
  }

  /** The latest used stand last; the one unused for longest gives way to a new one. */
  session(port: number, ssid: number, begins: boolean): Session {
    const name = `${port} ${ssid}`;
    const session = begins ? undefined : this.sessions.get(name);
    this.sessions.delete(name);
    if (session === undefined && this.sessions.size >= SESSIONS_PER_PEER) {
      const [oldest] = this.sessions.keys();
      if (oldest !== undefined) this.sessions.delete(oldest);
    }
    const kept = session ?? new Session();
    this.sessions.set(name, kept);
    return kept;
  }

  /** A bucket that holds one second's packets. */
  isWithinRate(now: bigint): boolean {
    const { rateLimit } = this.config;
    const elapsedS = Math.max(0, Number(now - this.filledAt) / 1e9);
    this.tokens = Math.min(rateLimit, this.tokens + elapsedS * rateLimit);
    this.filledAt = now;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}

export class Reflector {
  private readonly peers = new Map<string, Peer[]>();
  private readonly errorEstimate: number;
  /** Packets from addresses and ports, or of sessions, that nobody has configured. */
  strangers = 0;

  constructor(peers: readonly ReflectorPeer[], errorEstimate: number) {
    this.errorEstimate = errorEstimate;
    for (const config of peers) {
      const others = this.peers.get(config.address) ?? [];
      this.peers.set(config.address, [...others, new Peer(config)]);
    }
  }

  /** Whether this packet is answered; `receivedAt` is T2, in ns. Silence otherwise: an error would be an answer too. */
  accept(
    bytes: Buffer,
    from: { readonly address: string; readonly port: number },
    receivedAt: bigint,
  ): Accepted | undefined {
    const peer = this.peers.get(from.address)?.find(({ config }) => (config.port ?? from.port) === from.port);
    if (peer === undefined) {
      this.strangers += 1;
      return undefined;
    }
    const { config, counts, mode } = peer;
    counts.received += 1;
    if (!peer.isWithinRate(receivedAt)) return drop(counts, "limited");
    const request = readRequest(bytes, peer);
    if (request === undefined) return drop(counts, "unreadable");
    if (mode === "authenticated" && !isSealed(bytes, config.key!)) return drop(counts, "forged");
    if (config.ssids?.includes(request.ssid) === false) {
      this.strangers += 1;
      return undefined;
    }
    // Without an id, a sender that starts again can be told by its first number only.
    const anonymous = request.ssid === 0;
    const session = peer.session(from.port, request.ssid, anonymous && request.sequence === 0);
    session.received += 1;
    if (!anonymous && !session.window.take(request.sequence)) return drop(counts, "replayed");
    return { request, size: bytes.length, receivedAt, peer, session };
  }

  /** The answer, as long as the request; `sentAt` is T3, in ns. */
  answer({ request, size, receivedAt, peer, session }: Accepted, sentAt: bigint): Buffer {
    const { config, counts, mode } = peer;
    const sequence = session.sent;
    session.sent = (session.sent + 1) >>> 0;
    counts.answered += 1;
    const extensions =
      config.twampLight === true && request.ssid === 0
        ? request.extensions
        : reflectExtensions(request, {
            key: config.key,
            sequence,
            received: session.received,
            sent: session.sent,
            lastSent: session.lastSent,
          });
    const bytes = encodeReply(
      {
        sequence,
        timestamp: timestampOf(sentAt),
        errorEstimate: this.errorEstimate,
        ssid: request.ssid,
        receiveTimestamp: timestampOf(receivedAt),
        senderSequence: request.sequence,
        senderTimestamp: request.timestamp,
        senderErrorEstimate: request.errorEstimate,
        senderTtl: NO_TTL,
        extensions,
      },
      mode,
    );
    session.lastSent = { sequence, at: sentAt };
    return (config.key === undefined ? bytes : seal(bytes, config.key)).subarray(0, size);
  }

  /** When the operating system had taken the answer: for the next one's follow-up telemetry. */
  sent({ session }: Accepted, at: bigint): void {
    session.lastSent = { ...session.lastSent, at };
  }

  /** By peer, in the order of the configuration's addresses. */
  counts(): ({ readonly address: string; readonly port?: number } & ReflectorCounts)[] {
    return [...this.peers.values()].flat().map(({ config: { address, port }, counts }) => ({
      address,
      ...(port === undefined ? {} : { port }),
      ...counts,
    }));
  }
}

function drop(counts: ReflectorCounts, why: "forged" | "replayed" | "limited" | "unreadable"): undefined {
  counts[why] += 1;
  return undefined;
}

/** A short one of TWAMP light is filled up with zeros: its answer is cut to the same length. */
function readRequest(bytes: Buffer, { config, mode }: Peer): Request | undefined {
  const isShort = bytes.length < BASE_SIZE[mode];
  if (!isShort || config.twampLight !== true || bytes.length < TWAMP_LIGHT_SIZE)
    return decodeRequest(bytes, mode);
  return mode === "open" ? decodeRequest(Buffer.concat([bytes], BASE_SIZE.open), mode) : undefined;
}
