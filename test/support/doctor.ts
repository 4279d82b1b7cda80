// The doctor's tests: hosts are really broken, traffic fails, the doctor names it, and the mend is run as it is printed.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import type { Finding, FindingCode } from "../../src/core/doctor/finding.ts";
import { run } from "../../src/commands/run.ts";
import type { Host } from "../../src/linux/command.ts";
import { ping } from "../lab/traffic.ts";
import { briefly, PATIENCE } from "./patience.ts";
import { withLab, type TestLab } from "./lab.ts";

const ROOT = dirname(dirname(import.meta.dirname));

export const example = (name: string): string =>
  readFileSync(join(ROOT, "examples", name, "tofro.yaml"), "utf8");

/** Overlay addresses of the three nodes. */
export const A = "192.168.51.5";
export const B = "192.168.51.1";
export const C = "192.168.51.2";
/** A table with one chain and one rule, or more behind `; add rule inet fw c`. */
export const FW = (chain: string, rule: string): string =>
  `nft 'add table inet fw; add chain inet fw c { ${chain} }; add rule inet fw c ${rule}'`;
export const NO_FW = "nft delete table inet fw";
/** Without our own table conntrack sees what only passes. */
export const NO_TOFRO = "nft list table inet tofro >/run/kept; nft delete table inet tofro";
export const TOFRO = "nft -f /run/kept";
export const FORWARD = "type filter hook forward priority filter; policy";

export const sh = async (host: Host, script: string): Promise<string> =>
  (await host.run(["sh", "-ec", script], { timeoutMs: 30_000 * PATIENCE })).stdout;

export async function doctor(lab: string): Promise<{ code: number; findings: Finding[] }> {
  let stdout = "";
  const terminal = { stdout: (text: string) => (stdout += text), stderr: () => {}, colour: false };
  const code = await run(["doctor", "--lab", lab, "--json"], terminal);
  return { code, ...(JSON.parse(stdout) as { findings: Finding[] }) };
}

export const WELL = { code: 0, findings: [] };

/** A lab that lives as long as the tests of a `describe`. */
export function labFor(network: string, options: Parameters<typeof withLab>[1] = {}): () => TestLab {
  const up = Promise.withResolvers<TestLab>();
  const done = Promise.withResolvers<void>();
  let lab: TestLab | undefined;
  let whole: Promise<void>;
  beforeAll(async () => {
    whole = withLab(network, options, async (ready) => {
      up.resolve(ready);
      await done.promise;
    });
    whole.catch(up.reject);
    lab = await up.promise;
  });
  afterAll(async () => {
    done.resolve();
    await whole;
  });
  return () => lab!;
}

const ECHO = `require("net").createServer((socket) => {
  let bytes = 0;
  socket.on("data", (data) => { if ((bytes += data.length) >= 100000) socket.end(socket.remoteAddress, () => setTimeout(process.exit, 100)); });
  socket.on("error", () => {});
}).listen(7777, process.argv[1], () => console.log("up"));
setTimeout(process.exit, ${4000 * PATIENCE});`;

const SEND = `const [address] = process.argv.slice(1);
const connect = (tries) => {
  const socket = require("net").connect(7777, address, () => socket.write(Buffer.alloc(100000)));
  socket.on("data", (data) => { console.log(String(data)); process.exit(); });
  socket.on("error", () => (tries > 0 ? setTimeout(connect, 100, tries - 1) : process.exit()));
};
connect(20 * ${PATIENCE});
setTimeout(() => process.exit(), ${3500 * PATIENCE});`;

/** Sends 100 kB by TCP; the source that the other end saw, or nothing when they do not arrive. */
async function tcp(from: Host, to: Host, address: string): Promise<string> {
  const server = to.run(["timeout", String(5 * PATIENCE), process.execPath, "-e", ECHO, address], {
    anyExit: true,
  });
  const { stdout } = await from.run([process.execPath, "-e", SEND, address], { anyExit: true });
  await server;
  return stdout.trim();
}

/** What fails while a host is broken; `path` when a connection succeeds with another source, and so another way back. */
type Hurt = "ping" | "tcp" | "path" | ((lab: TestLab) => Promise<boolean>);

export interface Break {
  readonly what: string;
  readonly at: string;
  readonly script: string;
  /** By node and code, each with a line that is seen there. */
  readonly finds: Readonly<Record<string, RegExp>>;
  readonly severity?: Finding["severity"];
  readonly hurts?: Hurt;
  /** Pinged from a; c's address when left out. */
  readonly to?: string;
  /** Takes away what is harmless now. */
  readonly after?: string;
  /** What the mends do not do, as they stop it from happening again. */
  readonly repair?: string;
  /** What comes to light only when the first is mended. */
  readonly later?: readonly FindingCode[];
}

/** Where it shall be brief: each finding once. */
export const eachFinding = (breaks: readonly Break[]): readonly Break[] =>
  briefly(breaks, ({ finds }) => Object.keys(finds).map((each) => each.replace(/^.* /, "")));

/** Where it shall be brief: one of them. */
export const oneOf = <Case>(cases: readonly Case[]): readonly Case[] => briefly(cases, () => ["it"]);

/** From a to c of the three nodes. */
export async function suffers(lab: TestLab, hurt: Hurt, to: string): Promise<boolean> {
  if (typeof hurt === "function") return hurt(lab);
  const [a, c] = await Promise.all([lab.host("a"), lab.host("c")]);
  if (hurt === "ping") return (await ping(a, to, 3)).received === 0;
  const source = await tcp(a, c, addressOf(lab, "c"));
  return hurt === "tcp" ? source === "" : source !== addressOf(lab, "a");
}

const addressOf = (lab: TestLab, node: string): string =>
  lab.plan.topology.nodes.find(({ name }) => name === node)!.addresses[0]!;

const named = (findings: readonly Finding[]): string[] =>
  findings.map(({ node, code }) => `${node} ${code}`).sort();

/** Breaks a host, sees traffic suffer, has the doctor name it and nothing else, and runs each mend as it stands. */
export async function breakAndMend(lab: TestLab, each: Break): Promise<void> {
  const { at, script, finds, hurts, to = addressOf(lab, "c"), severity, after, repair } = each;
  const host = await lab.host(at);
  await sh(host, script);
  try {
    if (hurts !== undefined) expect(await suffers(lab, hurts, to)).toBe(true);
    const { code, findings } = await doctor(lab.name);
    expect(named(findings)).toEqual(Object.keys(finds).sort());
    expect(code).toBe(3);
    for (const finding of findings) {
      expect(finding.evidence).toMatch(finds[`${finding.node} ${finding.code}`]!);
      expect(finding.severity).toBe(severity ?? finding.severity);
    }
    if (severity === undefined) expect(findings[0]!.severity).toBe("error");
    await mend(lab, findings);
    if (each.later !== undefined) {
      const others = (await doctor(lab.name)).findings;
      expect(others.map((finding) => finding.code)).toEqual(each.later);
      await mend(lab, others);
    }
    if (repair !== undefined) await sh(host, repair);
    if (hurts !== undefined) expect(await suffers(lab, hurts, to)).toBe(false);
    expect(await doctor(lab.name)).toMatchObject(WELL);
  } finally {
    if (after !== undefined) await sh(host, after);
  }
}

async function mend(lab: TestLab, findings: readonly Finding[]): Promise<void> {
  for (const finding of findings) {
    // Those of the other end stand in its own findings.
    const lines = finding.mend.filter((line) => !line.startsWith("tofro "));
    for (const line of lines) await sh(await lab.host(finding.node), line);
  }
}

/** Sets up a machine that is unusual and well, and wants no word from the doctor. */
export async function expectWell(lab: TestLab, at: string, script: string, after: string): Promise<void> {
  const host = await lab.host(at);
  await sh(host, script);
  try {
    expect(await doctor(lab.name)).toMatchObject(WELL);
    expect(await suffers(lab, "path", addressOf(lab, "c"))).toBe(false);
  } finally {
    await sh(host, after);
  }
}

/**
 * Debian's firewalls and network daemons for this host alone, as if they were installed there, without those named in `hidden`
 * (paths below /usr); /var is its own too.
 */
export async function withPackages(host: Host, hidden: readonly string[] = []): Promise<void> {
  const script = join(ROOT, "scripts", "unpack-packages");
  const folder = execFileSync("sh", [script], { encoding: "utf8" }).trim();
  // To an overlay a character device 0/0 means that there is no such file.
  await sh(
    host,
    `if [ -d /run/var ]; then
  umount -l /usr; rm -rf /run/hidden
else
  mkdir -p /run/var/upper /run/var/work /run/dbus
  mount -t overlay -o lowerdir=/var,upperdir=/run/var/upper,workdir=/run/var/work tofro /var
  cp -a ${folder}/etc/. /etc/
  for each in messagebus systemd-network; do grep -q "^$each:" /etc/passwd || echo "$each:x:996:996::/:/usr/sbin/nologin" >>/etc/passwd; done
fi
mkdir /run/hidden
for each in ${hidden.join(" ")}; do mkdir -p /run/hidden/\${each%/*}; mknod /run/hidden/$each c 0 0; done
mount -t overlay -o lowerdir=/run/hidden:${folder}/usr:/usr tofro /usr`,
  );
}
