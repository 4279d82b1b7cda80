// One run: its token, and what each machine's prober is told. Its keys and session ids are of this run only.
import { randomBytes, randomInt } from "node:crypto";
import { join } from "node:path";
import type { Secrets } from "../core/secrets.ts";
import { TRUE_CLOCK, type ClockError } from "../stamp/clock.ts";
import { STAMP_PORT, type ProberConfig } from "../stamp/config.ts";
import { sessionKey } from "../stamp/hmac.ts";
import type { PlannedSession } from "./sessions.ts";

export interface Timing {
  /** How long every session sends. */
  readonly seconds: number;
  /** Between two probes of one tunnel. */
  readonly intervalMs: number;
  /** How wrong each machine's clock shall be, by node: for tests. */
  readonly clocks?: ReadonlyMap<string, ClockError>;
}

/** Where `npm run build:stamps` puts it, for this machine and labs; and where it can be put on any. */
const ADDONS = [
  join(import.meta.dirname, "..", "..", "dist", "kernel-stamps.node"),
  "/usr/local/lib/tofro/kernel-stamps.node",
];
/** Handshakes, and that all have heard of the beginning. */
const LEAD_MS = 1_000;
/** A round trip, and what a queue may hold. */
const DRAIN_MS = 2_000;
/** Of what a session sends: a reflector answers that much before it takes its sender for mad. */
const RATE_MARGIN = 3;

export interface Run {
  readonly token: string;
  readonly sessions: readonly PlannedSession[];
  /** From `go` until the results are there, in s. */
  readonly lengthS: number;
  /** By node; only machines that have a session. */
  readonly configs: ReadonlyMap<string, ProberConfig>;
}

/** Makes the run's randomness: its token, salt and session ids. */
export function newRun(sessions: readonly PlannedSession[], secrets: Secrets, options: Timing): Run {
  const { intervalMs } = options;
  const probes = Math.max(1, Math.round((options.seconds * 1000) / intervalMs));
  const lengthS = Math.ceil((LEAD_MS + probes * intervalMs + DRAIN_MS) / 1000);
  const salt = randomBytes(16);
  const rateLimit = Math.ceil((RATE_MARGIN * 1000) / intervalMs) + 20;
  const ends = sessions.map(({ tunnel, sender, reflector, port }) => {
    const preshared = secrets.presharedKeys.get(tunnel);
    const first = randomInt(1, 0xffff);
    const shared = {
      port,
      ssids: [first, first + 1] as const,
      ...(preshared === undefined
        ? {}
        : { key: sessionKey(Buffer.from(preshared, "base64"), salt, tunnel).toString("base64") }),
    };
    return { tunnel, sender, reflector, shared };
  });
  const nodes = new Set(sessions.flatMap(({ sender, reflector }) => [sender.node, reflector.node]));
  const configs = Array.from(nodes, (node): [string, ProberConfig] => [
    node,
    {
      reflectorPort: STAMP_PORT,
      clock: options.clocks?.get(node) ?? TRUE_CLOCK,
      intervalMs,
      probes,
      leadMs: LEAD_MS,
      drainMs: DRAIN_MS,
      addons: ADDONS,
      reflect: ends
        .filter(({ reflector }) => reflector.node === node)
        .map(({ sender, reflector, shared }) => ({
          own: reflector.address,
          peer: sender.address,
          rateLimit,
          ...shared,
        })),
      send: ends
        .filter(({ sender }) => sender.node === node)
        .map(({ tunnel, sender, reflector, shared }) => ({
          tunnel,
          own: sender.address,
          peer: reflector.address,
          ...shared,
        })),
    },
  ]);
  return { token: randomBytes(6).toString("hex"), sessions, lengthS, configs: new Map(configs) };
}
