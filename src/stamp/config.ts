// What a prober is told, and what it tells: plain values, sent as JSON between the machine that measures and the others.
import type { Probe } from "../core/measure/samples.ts";
import type { ClockError } from "./clock.ts";
import type { ReflectorCounts } from "./reflector.ts";

/** STAMP's port (RFC 8762, 4.1). */
export const STAMP_PORT = 862;

export interface ProberConfig {
  /** Where the reflectors listen. */
  readonly reflectorPort: number;
  readonly clock: ClockError;
  readonly reflect: readonly ReflectConfig[];
  readonly send: readonly SendConfig[];
  /** Between two probes of a session. */
  readonly intervalMs: number;
  /** Of a session, when it has the whole window. */
  readonly probes: number;
  /** Before the window: for handshakes, and until everybody has heard that it begins. */
  readonly leadMs: number;
  /** After the window: for the last answers. */
  readonly drainMs: number;
  /** Files of the addon for the kernel's receive stamps, where it may be. */
  readonly addons: readonly string[];
}

/** One end of a tunnel. */
interface EndConfig {
  /** Overlay addresses. */
  readonly own: string;
  readonly peer: string;
  /** The session-sender's port, which tells the tunnel from others between the same nodes. */
  readonly port: number;
  /** Session ids: of the warm-up, and of what is measured. */
  readonly ssids: readonly [number, number];
  /** HMAC key, base64; absent: unauthenticated mode. */
  readonly key?: string;
}

type ReflectConfig = EndConfig & { readonly rateLimit: number };
export type SendConfig = EndConfig & { readonly tunnel: string };

export interface ProberResult {
  /** Who read the arrival times. */
  readonly stamps: "kernel" | "user";
  readonly sessions: readonly SentSessions[];
  /** By sender's address and port. */
  readonly reflected: readonly ({ readonly address: string; readonly port?: number } & ReflectorCounts)[];
}

interface SentSessions {
  readonly tunnel: string;
  /** More than one when the reflector restarted; empty: no answer came. */
  readonly lives: readonly (readonly Probe[])[];
  /** What the socket said when it could not send. */
  readonly error?: string;
}
