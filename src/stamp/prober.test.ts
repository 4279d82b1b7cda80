// The prober as the program it is, on loopback: two of them measure each other, and a flood gets nothing out of one.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ProberConfig, ProberResult } from "./config.ts";
import { seal } from "./hmac.ts";
import { loadKernelStamps } from "./kernel-stamps.ts";
import { BASE_SIZE, encodeRequest } from "./packet.ts";
import { timestampOf, USER_STAMPS } from "./timestamp.ts";

const KEY = Buffer.alloc(32, 5);
// Loopback answers on all of 127.0.0.0/8; ports that Linux gives nobody by itself.
const [A, B, MIDDLE] = ["127.62.0.1", "127.62.0.2", "127.62.0.4"];
const BASE_PORT = 20_000 + (process.pid % 10_000);

const END = { port: BASE_PORT + 1, ssids: [7, 8], key: KEY.toString("base64") } as const;
const CONFIG: ProberConfig = {
  reflectorPort: BASE_PORT,
  clock: { offsetMs: 0, driftPpm: 0 },
  reflect: [],
  send: [],
  intervalMs: 20,
  probes: 50,
  leadMs: 300,
  drainMs: 200,
  addons: [],
};

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const each of cleanups.splice(0)) each();
});

interface Running {
  readonly child: ChildProcess;
  readonly go: () => void;
  readonly result: () => Promise<ProberResult>;
}

async function start(config: Partial<ProberConfig>): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "tofro-prober-"));
  writeFileSync(join(folder, "config"), JSON.stringify({ ...CONFIG, ...config }));
  const child = spawn(process.execPath, [join(import.meta.dirname, "prober.ts"), folder], {
    stdio: "ignore",
  });
  cleanups.push(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });
  await until(() => existsSync(join(folder, "ready")));
  return {
    child,
    go: () => writeFileSync(join(folder, "go"), ""),
    async result() {
      await until(() => existsSync(join(folder, "result")));
      return JSON.parse(readFileSync(join(folder, "result"), "utf8")) as ProberResult;
    },
  };
}

async function until(isSo: () => boolean, pollMs = 10): Promise<void> {
  for (const end = performance.now() + 30_000; !isSo(); await sleep(pollMs)) {
    if (performance.now() > end) throw new Error("it does not come");
  }
}

/** A socket that counts what it gets. */
async function mouth(address: string, port: number): Promise<{ socket: Socket; got: Buffer[] }> {
  const socket = createSocket("udp4");
  const got: Buffer[] = [];
  socket.on("message", (bytes) => got.push(bytes));
  await new Promise<void>((resolve) => {
    socket.bind(port, address, resolve);
  });
  cleanups.push(() => socket.close());
  return { socket, got };
}

const reflecting = (rateLimit = 1e6) => ({ reflect: [{ ...END, own: B, peer: A, rateLimit }] });
const sending = { send: [{ ...END, own: A, peer: B, tunnel: "a - b" }] };

it("measures, each end by its own clock", async () => {
  const reflector = await start({ ...reflecting(), clock: { offsetMs: 4000, driftPpm: 0 } });
  const sender = await start({ ...sending, clock: { offsetMs: -1000, driftPpm: 0 } });
  reflector.go();
  sender.go();
  const { sessions, stamps } = await sender.result();
  expect(stamps).toBe("user");
  const [life = []] = sessions[0]!.lives;
  expect(life.length).toBe(50);
  for (const { sentMs, answer } of life) {
    // 5 s apart, and loopback takes no time worth speaking of.
    expect(Math.abs(answer!.receivedMs - sentMs - 5000)).toBeLessThan(100);
    expect(Math.abs(answer!.backMs - answer!.returnedMs + 5000)).toBeLessThan(100);
  }
  const { reflected } = await reflector.result();
  expect(reflected).toMatchObject([{ address: A, port: END.port, forged: 0, replayed: 0 }]);
  expect(reflected[0]!.answered).toBeGreaterThanOrEqual(50);
});

describe("with the addon for the kernel's stamps", () => {
  const addon = join(mkdtempSync(join(tmpdir(), "tofro-addon-")), "kernel-stamps.node");
  beforeAll(() => {
    execFileSync("sh", [join(import.meta.dirname, "..", "..", "scripts", "build-stamps"), addon]);
  });
  afterAll(() => rmSync(dirname(addon), { recursive: true }));

  it("measures by them, and without one that is not for this machine by its own", async () => {
    const reflector = await start({ ...reflecting(), addons: ["/nowhere.node", addon] });
    const sender = await start({ ...sending, addons: ["/etc/passwd"] });
    reflector.go();
    sender.go();
    const { sessions, stamps } = await sender.result();
    expect([stamps, (await reflector.result()).stamps]).toEqual(["user", "kernel"]);
    // Its port is its own, as without the addon.
    const other = createSocket({ type: "udp4", reuseAddr: true });
    cleanups.push(() => other.close());
    const refused = once(other, "error");
    other.bind(BASE_PORT, B);
    expect((await refused)[0]).toMatchObject({ code: "EADDRINUSE" });
    const [life = []] = sessions[0]!.lives;
    expect(life.length).toBe(50);
    for (const { sentMs, answer } of life) {
      expect(answer!.receivedMs).toBeGreaterThan(sentMs);
      expect(answer!.receivedMs).toBeLessThan(sentMs + 100);
    }
  });

  it("tells packets apart that waited for a busy program", async () => {
    const stamps = loadKernelStamps([addon])!;
    const descriptor = stamps.open(B, BASE_PORT + 9);
    const socket = createSocket("udp4");
    cleanups.push(() => socket.close());
    const read: { byUs: number; byKernel: number }[] = [];
    socket.on("message", () => {
      const now = performance.now();
      read.push({ byUs: now, byKernel: now - stamps.age(descriptor) / 1e6 });
    });
    await new Promise<void>((resolve) => {
      socket.bind({ fd: descriptor, exclusive: true }, resolve);
    });
    // Another program sends three, 50 ms apart, while this one does nothing else.
    const send = `const s = require("dgram").createSocket("udp4"); let n = 0;
      const t = setInterval(() => { s.send("x", ${BASE_PORT + 9}, "${B}", () => { if (++n === 3) { clearInterval(t); s.close(); } }); }, 50)`;
    execFileSync(process.execPath, ["-e", send]);
    await until(() => read.length === 3);
    const [first, , last] = read;
    expect(last!.byUs - first!.byUs).toBeLessThan(40);
    expect(last!.byKernel - first!.byKernel).toBeGreaterThan(80);
    expect(() => stamps.open("nonsense", 1)).toThrow("Invalid argument");
    expect(stamps.age(-1)).toBeNaN();
  });
});

/** A way between the two that loses, repeats and swaps packets by their number in each direction. */
async function crookedWay(
  there: (number: number) => number[],
  back: (number: number) => number[],
): Promise<void> {
  const [near, far] = [await mouth(MIDDLE, BASE_PORT), await mouth(MIDDLE, END.port)];
  const pass = (to: Socket, port: number, address: string, fate: (number: number) => number[]) => {
    const seen: Buffer[] = [];
    return (bytes: Buffer): void => {
      seen.push(Buffer.from(bytes));
      for (const each of fate(seen.length - 1))
        if (seen[each] !== undefined) to.send(seen[each], port, address);
    };
  };
  near.socket.on("message", pass(far.socket, BASE_PORT, B, there));
  far.socket.on("message", pass(near.socket, END.port, A, back));
}

it("counts loss, repetition and reordering of each direction, and mixes none of them up", async () => {
  const times = { probes: 61, intervalMs: 30, leadMs: 1000 };
  const reflector = await start({ reflect: [{ ...END, own: B, peer: MIDDLE, rateLimit: 1e6 }], ...times });
  // There: every third packet is lost, the one behind it is repeated. Back: every other answer comes behind the next, which
  // comes twice.
  await crookedWay(
    (number) => (number % 3 === 0 ? [] : number % 3 === 1 ? [number, number] : [number]),
    (number) => (number % 2 === 0 ? [] : [number, number - 1, number]),
  );
  const sender = await start({
    send: [{ ...END, own: A, peer: MIDDLE, tunnel: "a - b" }],
    ...times,
  });
  reflector.go();
  sender.go();
  const { sessions } = await sender.result();
  const [life = []] = sessions[0]!.lives;
  const answers = life.flatMap(({ answer }) => (answer === undefined ? [] : [answer]));
  expect(life.length).toBe(61);
  // Two of three came to the reflector, which answered each once; perhaps one waits for the next, at the end.
  const highest = Math.max(...answers.map(({ reflectorSequence }) => reflectorSequence));
  expect(highest + 1).toBeGreaterThanOrEqual(39);
  expect(highest + 1).toBeLessThanOrEqual(42);
  expect(answers.length).toBeGreaterThanOrEqual(highest);
  const swapped = answers.filter(({ arrival, reflectorSequence }) => arrival !== reflectorSequence);
  expect(swapped.length).toBeGreaterThanOrEqual(answers.length - 2);
  const repeated = answers.filter(({ duplicates }) => duplicates === 1).length;
  expect(repeated).toBeGreaterThanOrEqual(19);
  expect(repeated).toBeLessThanOrEqual(21);
  expect((await reflector.result()).reflected[0]!.replayed).toBeGreaterThanOrEqual(19);
});

it("makes two sessions of one when the reflector restarts in the middle, with another clock", async () => {
  const first = await start(reflecting());
  const sender = await start({ ...sending, probes: 150 });
  sender.go();
  await sleep(1300);
  first.child.kill("SIGKILL");
  await start({ ...reflecting(), clock: { offsetMs: -100_000, driftPpm: 0 } });
  const { sessions } = await sender.result();
  const lives = sessions[0]!.lives;
  expect(lives.length).toBe(2);
  const offsets = lives.map((life) =>
    life.flatMap(({ sentMs, answer }) => (answer ? [answer.receivedMs - sentMs] : [])),
  );
  for (const [index, each] of offsets.entries()) {
    // Nobody's time in between is in either of them.
    expect(each.length).toBeGreaterThan(20);
    expect(each.length).toBe(lives[index]!.length);
    for (const offset of each) expect(Math.abs(offset + index * 100_000)).toBeLessThan(200);
  }
});

it("says nothing of a tunnel whose reflector is not there", async () => {
  const sender = await start(sending);
  sender.go();
  expect((await sender.result()).sessions).toMatchObject([{ tunnel: "a - b", lives: [] }]);
});

it("ends when a port is taken, and says which", async () => {
  const taken = createSocket("udp4");
  cleanups.push(() => taken.close());
  await new Promise<void>((resolve) => {
    taken.bind(BASE_PORT, B, resolve);
  });
  const folder = mkdtempSync(join(tmpdir(), "tofro-prober-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "config"), JSON.stringify({ ...CONFIG, ...reflecting() }));
  const child = spawn(process.execPath, [join(import.meta.dirname, "prober.ts"), folder], {
    stdio: "ignore",
  });
  const code = await new Promise((resolve) => {
    child.on("exit", resolve);
  });
  expect(code).toBe(1);
  expect(readFileSync(join(folder, "error"), "utf8")).toContain(`EADDRINUSE ${B}:${BASE_PORT}`);
});

const rssKb = ({ pid }: ChildProcess): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);

it("neither grows nor answers under 100,000 random and replayed packets, and still answers its peer", async () => {
  const reflector = await start({ ...reflecting(), probes: 1, drainMs: 1000 });
  const peer = await mouth(A, END.port);
  const stranger = await mouth("127.62.0.3", END.port);
  const request = (sequence: number): Buffer =>
    seal(
      encodeRequest(
        {
          sequence,
          timestamp: timestampOf(1n),
          errorEstimate: USER_STAMPS,
          ssid: 8,
          extensions: Buffer.alloc(0),
        },
        "authenticated",
      ),
      KEY,
    );
  const sendTo = (socket: Socket, bytes: Buffer): void => socket.send(bytes, BASE_PORT, B);
  let seed = 1;
  // Bounded and the same each time: a linear congruential generator (Numerical Recipes).
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const pool = Array.from({ length: 500 }, () =>
    Buffer.from(Array.from({ length: random(200) }, () => random(256))),
  );
  const noise = (): Buffer => pool[random(pool.length)]!;
  const replays = Array.from({ length: 500 }, (_, sequence) => request(sequence));
  const kinds = [
    () => sendTo(peer.socket, noise()),
    () => sendTo(stranger.socket, noise()),
    // What was heard on the way: again by its sender's address, and by somebody else's.
    () => sendTo(peer.socket, replays[0]!),
    () => sendTo(stranger.socket, replays[random(replays.length)]!),
  ];
  let asked = 0;
  // A hundred, then one that must be answered: loopback drops what a receiver has no time for, and this is about what it takes in.
  const flood = async (packets: number): Promise<void> => {
    for (let sent = 0; sent < packets; sent++) {
      kinds[sent % kinds.length]!();
      if (sent % 100 !== 99) continue;
      sendTo(peer.socket, request(++asked));
      await answered();
    }
  };
  const answered = (): Promise<void> => until(() => peer.got.length === asked + 1, 1);
  sendTo(peer.socket, replays[0]!);
  await answered();
  await flood(10_000);
  const before = rssKb(reflector.child);
  await flood(100_000);
  const grownKb = rssKb(reflector.child) - before;
  await sleep(300);
  expect({ strangers: stranger.got.length, answers: peer.got.length }).toEqual({
    strangers: 0,
    answers: asked + 1,
  });
  expect(new Set(peer.got.map(({ length }) => length))).toEqual(new Set([BASE_SIZE.authenticated]));
  reflector.go();
  const { reflected } = await reflector.result();
  expect(reflected[0]).toMatchObject({ answered: asked + 1, received: 55_000 + asked + 1 });
  expect(grownKb).toBeLessThan(30_000);
}, 120_000);
