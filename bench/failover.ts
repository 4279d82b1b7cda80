// How long packets are lost when a tunnel silently swallows them: agents of tofro, and BIRD's Babel on the same lab.
// `node bench/failover.ts [TIMES]` needs root and bird (Debian: bird2) in PATH. Three nodes, a to c by b, or directly and dearer.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { columns } from "../src/commands/columns.ts";
import { run } from "../src/commands/run.ts";
import { labHost } from "../src/lab/lab.ts";
import { marker } from "../src/lab/state.ts";
import { readNetwork, settle } from "../src/files/network.ts";
import type { Host } from "../src/linux/command.ts";
import { findNamespaces } from "../src/linux/namespace.ts";

const TIMES = Number(process.argv[2] ?? 10);
const NAME = `bench-${process.pid}`;
const NODES = ["a", "b", "c"] as const;
const ADDRESS = { a: "192.168.51.5", b: "192.168.51.1", c: "192.168.51.2" };
const PROBE_MS = 5;
/** A link counts again soon after it is back, so that the next one can die; how it is noticed is as always. */
const NETWORK = `overlay: 192.168.51.0/24
choose: { sustain: 1s, dwell: 1s }
failover: { hold: 1s }
nodes:
  a: { address: ${ADDRESS.a} }
  b: { address: ${ADDRESS.b}, endpoint: 198.51.100.1 }
  c: { address: ${ADDRESS.c}, endpoint: 198.51.100.2 }
paths: [a <=> c, a <-> b, b <-> c]
`;
const LAB = `network: ./tofro.yaml
underlay:
  a -> c: { delay: 55ms }
  c -> a: { delay: 15ms }
  a <-> b: { delay: 8ms }
  b <-> c: { delay: 7ms }
`;

async function tofro(...argv: string[]): Promise<void> {
  let said = "";
  const io = { stdout: () => undefined, stderr: (text: string) => void (said += text), colour: false };
  const code = await run(argv, io);
  if (code !== 0) throw new Error(`tofro ${argv.join(" ")}: ${said}`);
}

const set = (link: string, loss: string): Promise<void> =>
  tofro("lab", "set", link, `loss=${loss}`, "--name", NAME);

const RECEIVER = `
const socket = require("dgram").createSocket("udp4");
let last; let worst = 0;
const now = () => Number(process.hrtime.bigint()) / 1e6;
socket.on("message", (message) => {
  const number = Number(message);
  if (last !== undefined && number > last) worst = Math.max(worst, (number - last - 1) * ${PROBE_MS});
  if (last === undefined || number > last) last = number;
});
process.stdin.on("data", () => { console.log(worst); worst = 0; });
process.stdin.on("end", () => process.exit());
socket.bind(9000);`;
const SENDER = `
const socket = require("dgram").createSocket("udp4");
const begun = Number(process.hrtime.bigint()) / 1e6;
let number = 0;
setInterval(() => {
  const due = (Number(process.hrtime.bigint()) / 1e6 - begun) / ${PROBE_MS};
  while (number < due) socket.send(String(++number), 9000, "${ADDRESS.c}", () => {});
}, 1);
process.stdin.on("data", () => {}).on("end", () => process.exit());`;

/** One way, a to c, from a's clock: the longest gap in what arrived, in ms, since it was asked last. */
class Stream {
  readonly #children: readonly ChildProcess[];
  readonly #answers: string[] = [];

  constructor(pids: { readonly a: number; readonly c: number }) {
    const inside = (pid: number, script: string): ChildProcess =>
      spawn("nsenter", ["--net", "--target", String(pid), process.execPath, "-e", script], {
        stdio: ["pipe", "pipe", "inherit"],
      });
    const receiver = inside(pids.c, RECEIVER);
    receiver.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.#answers.push(...text.split("\n").filter(Boolean));
    });
    this.#children = [receiver, inside(pids.a, SENDER)];
  }

  async worstMs(): Promise<number> {
    this.#answers.length = 0;
    this.#children[0]!.stdin!.write("?\n");
    while (this.#answers.length === 0) await sleep(5);
    return Number(this.#answers[0]);
  }

  end(): void {
    for (const child of this.#children) child.stdin!.end();
  }
}

interface Contender {
  readonly name: string;
  readonly times: number;
  /** From the silence to when everybody must have moved, and from the link's return to when it must be in use again. */
  readonly settleMs: number;
  readonly begin: (hosts: ReadonlyMap<string, Host>) => Promise<() => Promise<void>>;
}

async function outages({ times, settleMs, begin }: Contender, stream: Stream): Promise<number[]> {
  const hosts = new Map(
    await Promise.all(NODES.map(async (name) => [name, await labHost(NAME, name)] as const)),
  );
  const end = await begin(hosts);
  const found: number[] = [];
  try {
    await usesB(hosts.get("a")!);
    for (let time = 0; time < times; time++) {
      await stream.worstMs();
      // At any moment of whatever beats.
      await sleep(500 + 977 * (time / times));
      await set("b -> c", "100%");
      await sleep(settleMs);
      found.push(await stream.worstMs());
      await set("b -> c", "0%");
      await usesB(hosts.get("a")!);
    }
  } finally {
    await end();
  }
  return found;
}

async function usesB(a: Host): Promise<void> {
  const endMs = performance.now() + 240_000;
  for (;;) {
    const { stdout } = await a.run(["ip", "-o", "route", "get", ADDRESS.c], { anyExit: true });
    if (stdout.includes("wg-b")) return sleep(3000);
    if (performance.now() > endMs) throw new Error(`a does not come to use b: ${stdout}`);
    await sleep(200);
  }
}

const agents: Contender = {
  name: "tofro, agents",
  times: TIMES,
  settleMs: 4000,
  begin: async () => {
    await tofro("apply", "--agent", "--lab", NAME);
    return () => tofro("down", "--lab", NAME);
  },
};

/** Plain tunnels, on which a routing daemon may send whatever it likes; b is liked better by what c says of a's direct link. */
const bird = (name: string, timers: string, settleMs: number, times: number): Contender => ({
  name,
  times,
  settleMs,
  begin: async (hosts) => {
    await tofro("apply", "--no-agent", "--lab", NAME);
    const ends = await Promise.all(
      Array.from(hosts, async ([node, host], index) => {
        const script = `nft delete table inet tofro
sysctl -qw net.ipv4.ip_forward=1
for each in $(wg show interfaces); do
  wg set $each peer $(wg show $each peers) allowed-ips 0.0.0.0/0,::/0
  ip -6 address add fe80::${index + 1}/64 dev $each nodad
done
ip route flush proto 116`;
        await host.run(["sh", "-c", script]);
        const folder = mkdtempSync(join(tmpdir(), "tofro-bird-"));
        const file = join(folder, "bird.conf");
        const dear = node === "c" ? `interface "wg-a" { type wired; rxcost 400; ${timers} };` : "";
        writeFileSync(
          file,
          `router id ${ADDRESS[node as keyof typeof ADDRESS]};
protocol device { scan time 5; }
protocol static { ipv4; route ${ADDRESS[node as keyof typeof ADDRESS]}/32 blackhole; }
protocol kernel { ipv4 { import none; export where source = RTS_BABEL; }; }
protocol babel {
  ipv4 { import all; export where source = RTS_STATIC || source = RTS_BABEL; };
  ${dear}
  interface "wg-*" { type wired; ${timers} };
}
`,
        );
        const child = spawn(
          "nsenter",
          ["--net", "--target", String(pidOf(node)), "bird", "-f", "-c", file, "-s", join(folder, "ctl")],
          { stdio: "ignore" },
        );
        return () => {
          child.kill("SIGTERM");
          rmSync(folder, { recursive: true });
        };
      }),
    );
    return async () => {
      for (const end of ends) end();
      await tofro("down", "--lab", NAME);
    };
  },
});

/** Of the host's first process, as this machine counts. */
const pidOf = (node: string): number =>
  findNamespaces(marker(NAME)).find((each) => each.marker === marker(NAME) + node)!.pid;

const CONTENDERS: readonly Contender[] = [
  agents,
  bird("BIRD, Babel, hello 0.2 s", "hello interval 200 ms; update interval 1 s;", 8000, TIMES),
  bird("BIRD, Babel, hello 1 s", "hello interval 1 s; update interval 4 s;", 20_000, Math.min(TIMES, 6)),
  bird("BIRD, Babel, as it comes", "", 45_000, Math.min(TIMES, 4)),
];

const folder = mkdtempSync(join(tmpdir(), "tofro-bench-"));
try {
  writeFileSync(join(folder, "tofro.yaml"), NETWORK);
  writeFileSync(join(folder, "lab.yaml"), LAB);
  await settle(await readNetwork(join(folder, "tofro.yaml")));
  await tofro("lab", "up", join(folder, "lab.yaml"), "--bare", "--name", NAME);
  const stream = new Stream({ a: pidOf("a"), c: pidOf("c") });
  const rows = [["packets lost for, ms", "median", "95 %", "most", "times"]];
  for (const each of CONTENDERS) {
    const found = (await outages(each, stream)).sort((x, y) => x - y);
    const at = (share: number): string =>
      String(found[Math.min(found.length - 1, Math.floor(share * found.length))]);
    rows.push([each.name, at(0.5), at(0.95), at(1), String(found.length)]);
    process.stderr.write(`${each.name}: ${found.join(" ")}\n`);
  }
  stream.end();
  process.stdout.write(`${columns(rows)}load ${loadavg()[0]!.toFixed(1)}\n`);
} finally {
  await run(["lab", "down", "--name", NAME], {
    stdout: () => undefined,
    stderr: () => undefined,
    colour: false,
  });
  rmSync(folder, { recursive: true, force: true });
}
