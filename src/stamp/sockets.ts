// The thin edge: UDP sockets that read the clock, and hand packets to the session-reflector and the session-senders.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { clockOf, type Clock } from "./clock.ts";
import type { ProberConfig, ProberResult, SendConfig } from "./config.ts";
import { readKey } from "./hmac.ts";
import { loadKernelStamps, type KernelStamps } from "./kernel-stamps.ts";
import { Reflector } from "./reflector.ts";
import { Sender } from "./sender.ts";
import { USER_STAMPS } from "./timestamp.ts";

/** Between two probes of the warm-up. */
const WARM_UP_MS = 100;
/** Larger than any loss of the scheduler's time: a burst that waits is stamped late, but is not lost. */
const BUFFER_BYTES = 1 << 20;
/** RFC 5357, 4.1.2: far enough for all, and what is left says how far it was. */
const TTL = 255;

/** Opens the reflector's sockets, one for each own address; the returned function says what it met and closes nothing. */
async function openReflector(
  config: ProberConfig,
  clock: Clock,
  stamps?: KernelStamps,
): Promise<() => ProberResult["reflected"]> {
  const reflector = new Reflector(
    config.reflect.map(({ peer, port, ssids, key, rateLimit }) => ({
      address: peer,
      port,
      ssids,
      rateLimit,
      ...(key === undefined ? {} : { key: readKey(key) }),
    })),
    USER_STAMPS,
  );
  const owns = new Set(config.reflect.map(({ own }) => own));
  await Promise.all(
    Array.from(owns, async (own) => {
      const { socket, ageNs } = await openStamped(own, config.reflectorPort, stamps);
      socket.on("message", (bytes, from) => {
        const receivedAt = clock() - ageNs();
        const accepted = reflector.accept(bytes, from, receivedAt);
        if (accepted === undefined) return;
        const answer = reflector.answer(accepted, clock());
        socket.send(answer, from.port, from.address, ignore);
        reflector.sent(accepted, clock());
      });
    }),
  );
  return () => reflector.counts();
}

/** One session-sender on a socket of its own. */
interface Probing {
  readonly config: SendConfig;
  readonly warmUp: Sender;
  /** Absent until the way is known to be open. */
  measured?: Sender;
  readonly send: (sender: Sender) => void;
  error?: string;
}

/** Opens a sender's socket; it takes packets from its reflector only. */
async function openSender(
  config: SendConfig,
  reflectorPort: number,
  clock: Clock,
  stamps?: KernelStamps,
): Promise<Probing> {
  const key = config.key === undefined ? {} : { key: readKey(config.key) };
  const sender = (ssid: number): Sender => new Sender({ ssid, errorEstimate: USER_STAMPS, ...key });
  const { socket, ageNs } = await openStamped(config.own, config.port, stamps);
  const probing: Probing = {
    config,
    warmUp: sender(config.ssids[0]),
    send: (each) =>
      socket.send(each.next(clock()), reflectorPort, config.peer, (error) => {
        if (error) probing.error = error.message;
      }),
  };
  socket.on("message", (bytes, from) => {
    const now = clock() - ageNs();
    if (from.address !== config.peer || from.port !== reflectorPort) return;
    if (probing.measured?.receive(bytes, now) === true) return;
    if (probing.warmUp.receive(bytes, now)) probing.measured ??= sender(config.ssids[1]);
  });
  return probing;
}

/** Runs one window, which begins when `ready`, called once everything is open, lets it. */
export async function probe(config: ProberConfig, ready: () => Promise<void>): Promise<ProberResult> {
  const clock = clockOf(config.clock);
  const stamps = loadKernelStamps(config.addons);
  const reflected = await openReflector(config, clock, stamps);
  const probings = await Promise.all(
    config.send.map((each) => openSender(each, config.reflectorPort, clock, stamps)),
  );
  const warmUp = setInterval(() => {
    for (const each of probings) if (each.measured === undefined) each.send(each.warmUp);
  }, WARM_UP_MS);
  await ready();
  await sleep(config.leadMs);
  const turns = everyTurn(probings.length, config, (turn) => {
    const each = probings[turn]!;
    if (each.measured !== undefined) each.send(each.measured);
  });
  // Also without a session of its own: what it reflected is told when the window is over.
  await Promise.all([turns, sleep(config.intervalMs * config.probes)]);
  clearInterval(warmUp);
  await sleep(config.drainMs);
  return {
    stamps: stamps === undefined ? "user" : "kernel",
    sessions: probings.map(({ config: { tunnel }, measured, error }) => ({
      tunnel,
      lives: measured === undefined || measured.answered === 0 ? [] : measured.sessions(),
      ...(error === undefined ? {} : { error }),
    })),
    reflected: reflected(),
  };
}

/** The sessions take turns, evenly over each interval, so that all see the same seconds and none goes in bursts. */
async function everyTurn(
  sessions: number,
  { intervalMs, probes }: Pick<ProberConfig, "intervalMs" | "probes">,
  send: (session: number) => void,
): Promise<void> {
  const start = performance.now();
  for (let turn = 0; turn < sessions * probes; turn++) {
    const waitMs = start + (turn * intervalMs) / sessions - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    send(turn % sessions);
  }
}

/** A socket, and how long the packet that it has just handed out had waited for us since the kernel received it. */
interface Stamped {
  readonly socket: Socket;
  readonly ageNs: () => bigint;
}

async function openStamped(address: string, port: number, stamps?: KernelStamps): Promise<Stamped> {
  if (stamps === undefined) return { socket: await openSocket(address, port), ageNs: () => 0n };
  const descriptor = stamps.open(address, port);
  const ageNs = (): bigint => {
    const age = stamps.age(descriptor);
    return Number.isNaN(age) ? 0n : BigInt(Math.round(age));
  };
  const socket = await openSocket(address, port, descriptor);
  stamps.own(descriptor);
  return { socket, ageNs };
}

/** Bound to an address of this machine; throws when it or the port cannot be had. `descriptor`: one that is bound there. */
export async function openSocket(address: string, port: number, descriptor?: number): Promise<Socket> {
  const family = isIPv6(address) ? 6 : 4;
  const socket = createSocket({
    type: family === 4 ? "udp4" : "udp6",
    // Addresses need no looking up, and sending must not wait for it.
    lookup: (host, _, callback) => callback(null, host, family),
  });
  const listening = once(socket, "listening");
  if (descriptor === undefined) socket.bind(port, address);
  else socket.bind({ fd: descriptor, exclusive: true });
  await listening;
  socket.setTTL(TTL);
  socket.setRecvBufferSize(BUFFER_BYTES);
  return socket;
}

const ignore = (): void => undefined;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
