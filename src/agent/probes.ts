// The sockets that test packets go through: one for each tunnel, sending at an even pace and hearing what the peer sends.
import { randomInt } from "node:crypto";
import type { Socket } from "node:dgram";
import type { LinkIndex } from "../core/route.ts";
import type { HeardPacket } from "../core/agent/window.ts";
import { decodeRequest, encodeRequest } from "../stamp/packet.ts";
import { openSocket } from "../stamp/sockets.ts";
import { millisecondsOf, timestampOf, USER_STAMPS } from "../stamp/timestamp.ts";
import type { ProbedEnd } from "./pins.ts";

/** An address or port that is not there, or not free, may be so later. */
const AGAIN_MS = 1_000;
const NONE = new Uint8Array();

export interface ProbesOptions {
  readonly ends: readonly ProbedEnd[];
  readonly intervalMs: number;
  /** STAMP session id, of this life of the agent. */
  readonly session: number;
  /** Monotonic, ns. */
  readonly clock: () => bigint;
  readonly heard: (link: LinkIndex, packet: HeardPacket) => void;
}

export const newSession = (): number => randomInt(1, 0xffff);

export interface Probes {
  /** Something else, through the tunnel that a link arrives by, to a UDP port of the peer. */
  readonly send: (incoming: LinkIndex, bytes: Uint8Array, port: number) => void;
  readonly stop: () => void;
}

/** Sends and hears until it is stopped. */
export function startProbes(options: ProbesOptions): Probes {
  const { ends, intervalMs } = options;
  const begun = new Map(
    ends.map((end, index) => [end.incoming, startEnd(end, (index * intervalMs) / ends.length, options)]),
  );
  return {
    send: (incoming, bytes, port) => begun.get(incoming)?.send(bytes, port),
    stop: () => {
      for (const { stop } of begun.values()) stop();
    },
  };
}

/** Begins `afterMs` later than the first, so that packets do not go in bursts. */
function startEnd(end: ProbedEnd, afterMs: number, options: ProbesOptions) {
  const { intervalMs, session, clock, heard } = options;
  let socket: Socket | undefined;
  let sequence = 0;
  let timer: NodeJS.Timeout;
  let isStopped = false;
  const send = (): void => {
    const timestamp = timestampOf(clock());
    const request = { sequence: sequence++ >>> 0, timestamp, errorEstimate: USER_STAMPS, ssid: session };
    socket?.send(encodeRequest({ ...request, extensions: NONE }, "open"), end.port, end.peer, ignore);
  };
  const hear = (bytes: Buffer, from: { readonly address: string; readonly port: number }): void => {
    const now = clock();
    if (from.address !== end.peer || from.port !== end.port) return;
    const request = decodeRequest(bytes, "open");
    if (request === undefined) return;
    heard(end.incoming, {
      life: request.ssid,
      sequence: request.sequence,
      sentMs: millisecondsOf(request.timestamp),
      heardMs: Number(now) / 1e6,
    });
  };
  const begin = async (): Promise<void> => {
    try {
      socket = await openSocket(end.own, end.port);
    } catch {
      timer = setTimeout(() => void begin(), AGAIN_MS);
      return;
    }
    if (isStopped) return void socket.close();
    socket.on("message", hear).on("error", ignore);
    timer = setTimeout(() => {
      send();
      timer = setInterval(send, intervalMs);
    }, afterMs);
  };
  void begin();
  return {
    send: (bytes: Uint8Array, port: number) => socket?.send(bytes, port, end.peer, ignore),
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      socket?.close();
    },
  };
}

const ignore = (): void => undefined;
