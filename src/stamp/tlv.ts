// TLVs behind a base packet (RFC 8972, 4): read, written, and answered by a reflector.
import { digest, HMAC_SIZE, isSame, type Key } from "./hmac.ts";
import { timestampOf } from "./timestamp.ts";

export interface Tlv {
  readonly flags: number;
  readonly type: number;
  readonly value: Uint8Array;
}

/** RFC 8972, 4: not understood, malformed, not authentic. */
const FLAG = { unrecognized: 0x80, malformed: 0x40, integrity: 0x20 };

/** RFC 8972, 5.1. */
const TLV = { extraPadding: 1, directMeasurement: 5, followUpTelemetry: 7, hmac: 8 };

const HEADER = 4;
/** Follow-up telemetry's "timestamping method": software, local (RFC 8972, 4.7 and 5.7). */
const SOFTWARE = 2;

/** What comes behind the last whole TLV is in `rest`. */
export function decodeTlvs(bytes: Uint8Array): { readonly tlvs: readonly Tlv[]; readonly rest: Uint8Array } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tlvs: Tlv[] = [];
  let at = 0;
  while (at + HEADER <= view.length) {
    const end = at + HEADER + view.readUInt16BE(at + 2);
    if (end > view.length) break;
    tlvs.push({ flags: view[at]!, type: view[at + 1]!, value: view.subarray(at + HEADER, end) });
    at = end;
  }
  return { tlvs, rest: view.subarray(at) };
}

export function encodeTlvs(tlvs: readonly Tlv[]): Buffer {
  return Buffer.concat(
    tlvs.map(({ flags, type, value }) => {
      const bytes = Buffer.alloc(HEADER + value.length);
      bytes.set([flags, type], 0);
      bytes.writeUInt16BE(value.length, 2);
      bytes.set(value, HEADER);
      return bytes;
    }),
  );
}

/** The HMAC TLV of all that stands before it (RFC 8972, 4.8). */
export const hmacTlv = (key: Key, sequence: number, before: readonly Tlv[], flags: number): Tlv => ({
  flags,
  type: TLV.hmac,
  value: digest(key, sequenceBytes(sequence), encodeTlvs(before)),
});

/** Whether the HMAC TLV is where it must be and fits; a lone extra padding needs none (RFC 8972, 4.8). */
export function isAuthentic(key: Key, sequence: number, tlvs: readonly Tlv[]): boolean {
  const at = tlvs.findIndex(({ type }) => type === TLV.hmac);
  if (at === -1) return tlvs.every(({ type }) => type === TLV.extraPadding) && tlvs.length <= 1;
  if (tlvs.slice(at + 1).some(({ type }) => type !== TLV.extraPadding)) return false;
  return isSame(hmacTlv(key, sequence, tlvs.slice(0, at), 0).value, tlvs[at]!.value);
}

/** What a reflector knows when it answers. */
export interface Answering {
  /** Absent: unauthenticated mode. */
  readonly key: Key | undefined;
  /** Of the answer. */
  readonly sequence: number;
  /** Test packets of the session, this one included. */
  readonly received: number;
  readonly sent: number;
  readonly lastSent: { readonly sequence: number; readonly at: bigint };
}

/** The TLVs of the answer: the same ones, filled in and flagged, so that it is as long as the request (RFC 8972, 4). */
export function reflectExtensions(
  request: { readonly sequence: number; readonly extensions: Uint8Array },
  answering: Answering,
): Uint8Array {
  const { extensions } = request;
  if (extensions.length === 0) return extensions;
  const { tlvs, rest } = decodeTlvs(extensions);
  const { key } = answering;
  if (key !== undefined && !isAuthentic(key, request.sequence, tlvs)) {
    const flagged = tlvs.map((tlv) => ({ ...tlv, flags: (tlv.flags & ~FLAG.unrecognized) | FLAG.integrity }));
    return Buffer.concat([encodeTlvs(flagged), malformed(rest)]);
  }
  const filled: Tlv[] = [];
  for (const tlv of tlvs) filled.push(reflectTlv(tlv, filled, answering));
  return Buffer.concat([encodeTlvs(filled), malformed(rest)]);
}

function reflectTlv(tlv: Tlv, before: readonly Tlv[], answering: Answering): Tlv {
  const { type, value } = tlv;
  const { key, sequence, received, sent, lastSent } = answering;
  const flags = tlv.flags & ~(FLAG.unrecognized | FLAG.malformed | FLAG.integrity);
  const wrong: Tlv = { ...tlv, flags: flags | FLAG.malformed };
  switch (type) {
    case TLV.extraPadding:
      return { ...tlv, flags };
    case TLV.directMeasurement: {
      // RFC 8972, 4.5: the sender's count stays, then received and sent of the reflector.
      if (value.length !== 12) return wrong;
      const counts = Buffer.from(value);
      counts.writeUInt32BE(received >>> 0, 4);
      counts.writeUInt32BE(sent, 8);
      return { flags, type, value: counts };
    }
    case TLV.followUpTelemetry: {
      // RFC 8972, 4.7: the previous answer's number, when it really left, and how that is known.
      if (value.length !== 16) return wrong;
      const telemetry = Buffer.alloc(16);
      telemetry.writeUInt32BE(lastSent.sequence, 0);
      telemetry.writeBigUInt64BE(timestampOf(lastSent.at), 4);
      telemetry.writeUInt8(SOFTWARE, 12);
      return { flags, type, value: telemetry };
    }
    case TLV.hmac:
      if (value.length !== HMAC_SIZE) return wrong;
      return key === undefined
        ? { ...tlv, flags: flags | FLAG.unrecognized }
        : hmacTlv(key, sequence, before, flags);
    default:
      return { ...tlv, flags: flags | FLAG.unrecognized };
  }
}

/** A cut-off TLV is sent back with its flag (RFC 8972, 4); less than a header has no place for one. */
function malformed(rest: Uint8Array): Uint8Array {
  if (rest.length < HEADER) return rest;
  const bytes = Buffer.from(rest);
  bytes[0] = (bytes[0]! & ~FLAG.unrecognized) | FLAG.malformed;
  return bytes;
}

function sequenceBytes(sequence: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(sequence);
  return bytes;
}
