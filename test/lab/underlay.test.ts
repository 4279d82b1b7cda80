// Real labs, without an overlay: what the lab file says is what packets meet. Times are only ever compared roughly.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../src/core/plan.ts";
import { down, labHost, up } from "../../src/lab/lab.ts";
import { loadLab } from "../../src/lab/load.ts";
import { parseChange, set } from "../../src/lab/set.ts";
import { labNames } from "../../src/lab/state.ts";
import { status } from "../../src/lab/status.ts";
import { run } from "../../src/linux/command.ts";
import type { Host } from "../../src/linux/command.ts";
import { findNamespaces } from "../../src/linux/namespace.ts";
import { PATIENCE } from "../support/patience.ts";
import { median, ping, probe } from "./traffic.ts";

const able = process.platform === "linux" && process.getuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), "tofro-lab-test-"));
const unique = (name: string): string => `test-${process.pid}-${name}`;

const THREE = `overlay: 10.9.0.0/24
nodes: { a: {}, b: { endpoint: b.example.net }, c: { endpoint: 198.51.100.2 } }
paths: [a -> b -> c, c -> a]
`;
const FORWARD = `overlay: 10.9.0.0/24
nodes: { local: {}, remote: { endpoint: 203.0.113.2 } }
forwarders: { hkg: { listen: "198.51.100.9:14967", to: "remote:27002" } }
paths: ["local -[hkg]-> remote", remote -> local]
`;

function write(name: string, network: string, lab: string): string {
  writeFileSync(join(folder, `${name}.yaml`), network);
  const path = join(folder, `${name}-lab.yaml`);
  writeFileSync(path, `network: ./${name}.yaml\n${lab}`);
  return path;
}

async function start(name: string, file: string) {
  const { lab, spec } = await loadLab(file);
  return up({ lab, spec, name, forwarders: compile(spec).topology.forwarders });
}

const change = (name: string, link: string, ...assignments: string[]) =>
  set(name, parseChange(link, assignments, ["a", "b", "c"]));

afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!able)("three hosts, one behind NAT", () => {
  const name = unique("three");
  const host = (of: string) => labHost(name, of);
  const lab = `underlay:
  a -> c: { delay: 40ms }
  b <-> c: { delay: 10ms, rate: 20mbit }
hosts: { b.example.net: 198.51.100.77, www.example.net: 198.51.100.2 }
`;
  beforeAll(() => start(name, write("three", THREE, lab)));
  afterAll(() => down(name));

  test("a delay is met in its own direction only", async () => {
    const [a, c] = [await host("a"), await host("c")];
    const there = await probe(a, { address: "198.51.100.2", port: 9000 }, { host: c, port: 9000 });
    expect(median(there.delaysMs)).toBeGreaterThan(38);
    expect(median(there.delaysMs)).toBeLessThan(60);
    // Everything came back: the round trip is this way's 40 ms and nothing the other way.
    expect(there.answers).toBe(40);
    const { rttMs } = await ping(a, "198.51.100.2", 30);
    expect(rttMs).toBeGreaterThan(38);
    expect(rttMs).toBeLessThan(65);
  });

  test("the round trip is the sum of both directions, also while both are busy", async () => {
    await change(name, "c -> a", "delay=15ms");
    const a = await host("a");
    const [{ rttMs }] = await Promise.all([ping(a, "198.51.100.2", 60), ping(await host("c"), "a.nat", 60)]);
    expect(rttMs).toBeGreaterThan(52);
    expect(rttMs).toBeLessThan(80);
    await change(name, "c -> a", "delay=0");
  });

  test("loss strikes in its own direction only", async () => {
    const [a, c] = [await host("a"), await host("c")];
    const echoes = async () => (await c.run(["cat", "/proc/net/snmp"])).stdout.match(/^IcmpMsg: \d.*$/m)?.[0];
    await change(name, "a -> c", "loss=100%");
    const before = await echoes();
    expect((await ping(a, "198.51.100.2", 5)).received).toBe(0);
    expect(await echoes()).toBe(before);
    await change(name, "a -> c", "loss=0%");
    await change(name, "c -> a", "loss=100%");
    expect((await ping(a, "198.51.100.2", 5)).received).toBe(0);
    expect(await echoes()).not.toBe(before);
    await change(name, "c -> a", "loss=30%");
    const { sent, received } = await ping(a, "198.51.100.2", 300, 5);
    // Six standard deviations around 210.
    expect(received).toBeGreaterThan(sent * 0.54);
    expect(received).toBeLessThan(sent * 0.86);
    await change(name, "c -> a", "loss=0%");
  });

  test("names resolve as the hosts file says", async () => {
    const c = await host("c");
    expect((await ping(c, "b.example.net", 2)).received).toBe(2);
    expect((await c.run(["getent", "hosts", "b.example.net"])).stdout).toMatch(/^198\.51\.100\.77 /);
    expect((await c.run(["getent", "hosts", "b"])).stdout).toMatch(/^198\.51\.100\.77 /);
    expect((await c.run(["getent", "hosts", "www.example.net"])).stdout).toMatch(/^198\.51\.100\.2 /);
    expect((await c.run(["hostname"])).stdout).toBe("c\n");
  });

  test("NAT lets answers in, and nothing that nobody asked for", async () => {
    const [a, router, c] = [await host("a"), await host("a.nat"), await host("c")];
    const asked = await probe(a, { address: "198.51.100.2", port: 9001 }, { host: c, port: 9001 }, 5);
    expect(asked).toMatchObject({ answers: 5, source: "198.51.100.1" });
    // From outside even a route to the inner address leads nowhere, though from the router it does.
    const inner = (await a.run(["hostname", "-I"])).stdout.trim();
    await c.run(["ip", "route", "add", inner, "via", "198.51.100.1", "dev", "u-a", "onlink"]);
    expect((await ping(c, inner, 3)).received).toBe(0);
    expect((await ping(router, inner, 3)).received).toBe(3);
    const datagrams = async () => (await a.run(["cat", "/proc/net/snmp"])).stdout.match(/^Udp: \d.*$/m)?.[0];
    const before = await datagrams();
    await c.run([process.execPath, "-e", UNASKED, "198.51.100.1", inner]);
    expect(await datagrams()).toBe(before);
  });

  test("a rate is kept, each way, and a plain direction has none", async () => {
    const [b, c] = [await host("b"), await host("c")];
    await b.run(["sh", "-c", "iperf3 -s -D >/dev/null"]);
    const { mbps } = await throughput(c, "b");
    expect(mbps).toBeGreaterThan(8);
    expect(mbps).toBeLessThan(24);
    await change(name, "c -> b", "rate=none", "delay=0");
    expect((await throughput(c, "b")).mbps).toBeGreaterThan(30);
  });

  test("a direction that was plain can be impaired while traffic flows", async () => {
    const a = await host("a");
    expect((await ping(a, "b", 10)).rttMs).toBeLessThan(20);
    const during = ping(a, "b", 60);
    await sleep(300);
    await change(name, "b -> a", "delay=50ms");
    expect((await during).received).toBeGreaterThan(55);
    expect((await ping(a, "b", 10)).rttMs).toBeGreaterThan(48);
    const { links, healthy } = await status(name);
    expect(links.find(({ from, to }) => from === "b" && to === "a")).toMatchObject({ delayMs: 50 });
    expect(links.find(({ from, to }) => from === "a" && to === "b")).toMatchObject({ delayMs: 0 });
    expect(healthy).toBe(true);
  });

  test("a wrong change changes nothing", async () => {
    const { links } = await status(name);
    expect(() => change(name, "a <-> c", "delay=5ms", "loss=2")).toThrow("`0%` to `100%`");
    expect(() => change(name, "a -> x", "delay=5ms")).toThrow("no node or forwarder `x`");
    expect((await status(name)).links).toEqual(links);
  });

  test("a second lab of the same name is refused, one of another name runs beside it", async () => {
    const file = join(folder, "three-lab.yaml");
    await expect(start(name, file)).rejects.toMatchObject({ exitCode: 2 });
    const others = [unique("second"), unique("third")];
    await Promise.all(others.map((other) => start(other, file)));
    try {
      expect((await ping(await labHost(others[0]!, "c"), "b.example.net", 2)).received).toBe(2);
      await down(others[0]);
      expect((await ping(await labHost(others[1]!, "c"), "b.example.net", 2)).received).toBe(2);
    } finally {
      await Promise.all(others.map((other) => down(other)));
    }
    expect((await ping(await host("c"), "b", 2)).received).toBe(2);
  });
});

describe.skipIf(!able)("a forwarder", () => {
  const name = unique("forward");
  afterEach(() => down(name));

  test("passes UDP on from its own address, and the answers back", async () => {
    await start(name, write("forward", FORWARD, "underlay: { hkg -> remote: { delay: 20ms } }\n"));
    const [local, remote] = [await labHost(name, "local"), await labHost(name, "remote")];
    const probes = await probe(
      local,
      { address: "198.51.100.9", port: 14967 },
      { host: remote, port: 27002 },
      20,
    );
    expect(probes).toMatchObject({ source: "198.51.100.9", answers: 20 });
    expect(median(probes.delaysMs)).toBeGreaterThan(18);
  });
});

describe.skipIf(!able)("an underlay with IPv6", () => {
  const name = unique("six");
  afterEach(() => down(name));

  test("reaches every host over it, from behind NAT too, but not the other way", async () => {
    const network = `overlay: "fd00:1::/64"
nodes: { a: {}, b: { endpoint: "2001:db8:51::1" }, c: { endpoint: c.example.net } }
paths: [a <-> b, a <-> c]
`;
    await start(name, write("six", network, "underlay: { a -> b: { delay: 20ms } }\n"));
    const [a, b] = [await labHost(name, "a"), await labHost(name, "b")];
    const slow = await ping(a, "2001:db8:51::1", 5);
    expect(slow.received).toBe(5);
    expect(slow.rttMs).toBeGreaterThan(18);
    expect((await a.run(["ping", "-6", "-c", "1", "c.example.net"])).code).toBe(0);
    await b.run(["ip", "route", "add", "2001:db8:2::/64", "via", "2001:db8:51::2", "dev", "u-a"]);
    expect((await ping(b, "2001:db8:51::2", 2)).received).toBe(2);
    expect((await ping(b, "2001:db8:2::1", 2)).received).toBe(0);
  });
});

describe.skipIf(!able)("a schedule", () => {
  const name = unique("schedule");
  afterEach(() => down(name));

  test("changes links by itself", async () => {
    const lab = `schedule: [{ at: 1s, link: b <-> c, loss: 100% }, { at: ${2 * PATIENCE}s, link: b <-> c, loss: 0% }]\n`;
    await start(name, write("schedule", THREE, lab));
    const b = await labHost(name, "b");
    expect((await ping(b, "c", 2)).received).toBe(2);
    await until(async () => (await ping(b, "c", 1)).received === 0);
    await until(async () => (await ping(b, "c", 1)).received === 1);
  });
});

describe.skipIf(!able)("after a crash", () => {
  const name = unique("crash");
  afterEach(() => down(name));

  test("down leaves nothing, wherever `up` was killed", async () => {
    const before = await traces();
    for (const afterMs of [150, 250, 350, 450, 600, 0]) {
      const main = join(import.meta.dirname, "../../src/main.ts");
      const argv = [main, "lab", "up", crashFile(), "--bare", "--name", name];
      const child = spawn(process.execPath, argv, { stdio: "ignore" });
      const ended = new Promise((resolve) => child.once("close", resolve));
      await (afterMs > 0 ? sleep(afterMs * PATIENCE) : until(allRun));
      child.kill("SIGKILL");
      await ended;
      await down(name);
      expect(await traces()).toEqual(before);
    }
  });

  test("down leaves nothing of a lab whose hosts were killed", async () => {
    const before = await traces();
    await start(name, crashFile());
    const hosts = findNamespaces(`tofro-lab/${name}/`);
    expect(hosts).toHaveLength(5);
    for (const { pid } of hosts) process.kill(pid, "SIGKILL");
    await until(async () => !(await status(name)).healthy);
    expect(await down(name)).toBe(true);
    expect(await traces()).toEqual(before);
    expect(await down(name)).toBe(false);
  });

  test("an `up` that fails midway, or is interrupted, takes down what it made", async () => {
    const before = await traces();
    const { lab, spec } = await loadLab(crashFile());
    await expect(up({ lab, spec, name, forwarders: [], overlay: noOverlay })).rejects.toThrow(
      "no overlay today",
    );
    expect(await traces()).toEqual(before);
    const stop = new AbortController();
    const started = up({ lab, spec, name, forwarders: [], signal: stop.signal });
    await until(() => Promise.resolve(findNamespaces(`tofro-lab/${name}/`).length > 0), 1);
    stop.abort(new Error("Ctrl-C"));
    await expect(started).rejects.toThrow("Ctrl-C");
    expect(await traces()).toEqual(before);
  });

  const allRun = () => Promise.resolve(findNamespaces(`tofro-lab/${name}/`).length === 5);

  /** Everything that a lab could leave on this machine; other labs may come and go meanwhile. */
  async function traces() {
    const processes = readdirSync("/proc").filter(
      (pid) => /^\d+$/.test(pid) && commandLine(pid).includes(`tofro-lab/${name}/`),
    );
    const links = (await run(["ip", "-o", "link"])).stdout.split("\n").map((line) => line.split(": ")[1]);
    const mounts = readFileSync("/proc/self/mounts", "utf8");
    const files = ["/run", "/etc/wireguard"].map((path) =>
      [path, ...readdirSync(path)].filter((each) => each !== "tofro"),
    );
    return { processes, links, mounts, files, lab: (await labNames()).filter((each) => each === name) };
  }
});

const crashFile = (): string =>
  write(
    "crash",
    THREE,
    "underlay: { default: { delay: 5ms } }\nschedule: [{ at: 60s, link: a -> b, delay: 1ms }]\n",
  );

const noOverlay = (): Promise<void> => Promise.reject(new Error("no overlay today"));

const UNASKED = `
const socket = require("dgram").createSocket("udp4");
for (const to of process.argv.slice(1)) for (const port of [22, 53, 9001, 51820]) socket.send("x", port, to, () => {});
setTimeout(() => process.exit(), 300);`;

async function throughput(from: Host, to: string): Promise<{ mbps: number }> {
  let mbps: number | undefined;
  // The server forks before it listens, and for a moment after a test it is still busy with that.
  await until(async () => {
    const argv = ["iperf3", "-c", to, "-t", "2", "-J"];
    const { stdout } = await from.run(argv, { anyExit: true, timeoutMs: 30_000 });
    const result = JSON.parse(stdout) as { end: { sum_received?: { bits_per_second: number } } };
    if (result.end.sum_received) mbps = result.end.sum_received.bits_per_second / 1e6;
    return mbps !== undefined;
  });
  return { mbps: mbps ?? NaN };
}

async function until(holds: () => Promise<boolean>, everyMs = 50): Promise<void> {
  const deadline = performance.now() + 20_000 * PATIENCE;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${20 * PATIENCE} s in vain`);
    await sleep(everyMs);
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
