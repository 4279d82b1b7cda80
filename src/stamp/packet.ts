// STAMP test packets as bytes (RFC 8762, 4.2 and 4.3), in both modes. Knows no socket and no clock.
//
// The session id stands in the base packet, behind the error estimate (RFC 8972, 3). What follows the base packet are
// TLVs (RFC 8972, 4), kept here as the bytes they are.

/** Authenticated packets are longer, so that their fields fall into blocks of 16 octets (RFC 8762, 4.2.2). */
export type Mode = "open" | "authenticated";

/** What a session-sender sends (RFC 8762, 4.2). */
export interface Request {
  readonly sequence: number;
  /** T1, NTP format. */
  readonly timestamp: bigint;
  /** Of the timestamp (RFC 4656, 4.1.2). */
  readonly errorEstimate: number;
  /** STAMP session id; 0: none (RFC 8972, 3). */
  readonly ssid: number;
  /** TLVs. */
  readonly extensions: Uint8Array;
}

/** What a session-reflector answers (RFC 8762, 4.3). */
export interface Reply {
  /** The stateful reflector's own count. */
  readonly sequence: number;
  /** T3, NTP format. */
  readonly timestamp: bigint;
  readonly errorEstimate: number;
  readonly ssid: number;
  /** T2, NTP format. */
  readonly receiveTimestamp: bigint;
  /** These are copied out of the request. */
  readonly senderSequence: number;
  readonly senderTimestamp: bigint;
  readonly senderErrorEstimate: number;
  /** TTL or hop limit that the request arrived with; 255 when nobody can tell (RFC 5357, 4.2). */
  readonly senderTtl: number;
  readonly extensions: Uint8Array;
}

/** Octets of a base packet; requests and replies are equally long. */
export const BASE_SIZE: Readonly<Record<Mode, number>> = { open: 44, authenticated: 112 };

/** RFC 8762, figures 2 and 4: what both kinds of packet begin with. */
const HEAD = {
  open: { sequence: 0, timestamp: 4, errorEstimate: 12, ssid: 14 },
  authenticated: { sequence: 0, timestamp: 16, errorEstimate: 24, ssid: 26 },
};

/** RFC 8762, figures 5 and 6. */
const REPLY = {
  open: {
    receiveTimestamp: 16,
    senderSequence: 24,
    senderTimestamp: 28,
    senderErrorEstimate: 36,
    senderTtl: 40,
  },
  authenticated: {
    receiveTimestamp: 32,
    senderSequence: 48,
    senderTimestamp: 64,
    senderErrorEstimate: 72,
    senderTtl: 80,
  },
};

/** Without its HMAC: see `seal`. */
export function encodeRequest(request: Request, mode: Mode): Buffer {
  const bytes = Buffer.alloc(BASE_SIZE[mode] + request.extensions.length);
  writeHead(bytes, request, mode);
  bytes.set(request.extensions, BASE_SIZE[mode]);
  return bytes;
}

/** Absent: it is too short to be one. The HMAC is not looked at: see `isSealed`. */
export function decodeRequest(bytes: Buffer, mode: Mode): Request | undefined {
  if (bytes.length < BASE_SIZE[mode]) return undefined;
  return { ...readHead(bytes, mode), extensions: bytes.subarray(BASE_SIZE[mode]) };
}

/** Without its HMAC: see `seal`. */
export function encodeReply(reply: Reply, mode: Mode): Buffer {
  const bytes = Buffer.alloc(BASE_SIZE[mode] + reply.extensions.length);
  const at = REPLY[mode];
  writeHead(bytes, reply, mode);
  bytes.writeBigUInt64BE(reply.receiveTimestamp, at.receiveTimestamp);
  bytes.writeUInt32BE(reply.senderSequence, at.senderSequence);
  bytes.writeBigUInt64BE(reply.senderTimestamp, at.senderTimestamp);
  bytes.writeUInt16BE(reply.senderErrorEstimate, at.senderErrorEstimate);
  bytes.writeUInt8(reply.senderTtl, at.senderTtl);
  bytes.set(reply.extensions, BASE_SIZE[mode]);
  return bytes;
}

/** Absent: it is too short to be one. */
export function decodeReply(bytes: Buffer, mode: Mode): Reply | undefined {
  if (bytes.length < BASE_SIZE[mode]) return undefined;
  const at = REPLY[mode];
  return {
    ...readHead(bytes, mode),
    receiveTimestamp: bytes.readBigUInt64BE(at.receiveTimestamp),
    senderSequence: bytes.readUInt32BE(at.senderSequence),
    senderTimestamp: bytes.readBigUInt64BE(at.senderTimestamp),
    senderErrorEstimate: bytes.readUInt16BE(at.senderErrorEstimate),
    senderTtl: bytes.readUInt8(at.senderTtl),
    extensions: bytes.subarray(BASE_SIZE[mode]),
  };
}

type Head = Omit<Request, "extensions">;

function writeHead(bytes: Buffer, head: Head, mode: Mode): void {
  const at = HEAD[mode];
  bytes.writeUInt32BE(head.sequence, at.sequence);
  bytes.writeBigUInt64BE(head.timestamp, at.timestamp);
  bytes.writeUInt16BE(head.errorEstimate, at.errorEstimate);
  bytes.writeUInt16BE(head.ssid, at.ssid);
}

function readHead(bytes: Buffer, mode: Mode): Head {
  const at = HEAD[mode];
  return {
    sequence: bytes.readUInt32BE(at.sequence),
    timestamp: bytes.readBigUInt64BE(at.timestamp),
    errorEstimate: bytes.readUInt16BE(at.errorEstimate),
    ssid: bytes.readUInt16BE(at.ssid),
  };
}
