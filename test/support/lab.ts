// Labs for tests: named by the process, gone whatever happens, and everything seen on the wire of all pairs at once.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan } from "../../src/core/plan.ts";
import { readNetwork, settle } from "../../src/files/network.ts";
import { down, labHost, up } from "../../src/lab/lab.ts";
import { hopsScript, parseHops } from "../../src/render/hops.ts";
import { loadLab } from "../../src/lab/load.ts";
import { prepareOverlay } from "../../src/lab/overlay.ts";
import type { Host } from "../../src/linux/command.ts";
import { PATIENCE } from "./patience.ts";

export interface TestLab {
  readonly name: string;
  readonly plan: Plan;
  readonly host: (name: string) => Promise<Host>;
}

let labs = 0;

/** Runs `use` with a lab of this network; `underlay` is the lab file's, without delays when left out. */
export async function withLab(
  network: string,
  options: { readonly underlay?: string; readonly bare?: boolean },
  use: (lab: TestLab, folder: string) => Promise<void>,
): Promise<void> {
  const name = `test-${process.pid}-${labs++}`;
  const folder = mkdtempSync(join(tmpdir(), "tofro-test-"));
  try {
    writeFileSync(join(folder, "tofro.yaml"), network);
    const file = join(folder, "lab.yaml");
    writeFileSync(file, `network: ./tofro.yaml\n${options.underlay ?? "underlay: {}\n"}`);
    const { lab, spec } = await loadLab(file);
    const path = join(folder, "tofro.yaml");
    const overlay = options.bare === true ? undefined : await prepareOverlay(path);
    const plan = overlay?.plan ?? (await settle(await readNetwork(path))).plan;
    const { forwarders } = plan.topology;
    await up({ lab, spec, name, forwarders, ...(overlay && { overlay: overlay.bringUp }) });
    const testLab = { name, plan, host: (host: string) => labHost(name, host) };
    try {
      await use(testLab, folder);
    } catch (error) {
      process.stderr.write(await autopsy(testLab));
      throw error;
    }
  } finally {
    await down(name);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a failed test leaves to look at: the state of every node's tunnels, before the lab is gone. */
async function autopsy(lab: TestLab): Promise<string> {
  const commands = [
    "date +%s",
    ...["latest-handshakes", "endpoints", "transfer", "allowed-ips"].map((what) => `wg show all ${what}`),
    "ip route; ip -6 route; ip rule",
    "nft list table inet tofro | grep counter",
    "cat /run/tofro/*.log",
    "ps -e -o pid,stat,etimes,args",
  ];
  const reports = lab.plan.topology.nodes.map(async ({ name }) => {
    const { stdout } = await (
      await lab.host(name)
    ).run(["sh", "-c", `{ ${commands.join("; ")}; } 2>&1; exit 0`]);
    return `== ${name} of ${lab.name}\n${stdout}`;
  });
  return (await Promise.all(reports)).join("\n");
}

/** What one address of one node saw of another. */
export interface Trace {
  readonly from: string;
  readonly to: string;
  readonly family: 4 | 6;
  /** Node names by the routers' "time exceeded", both ends included. */
  readonly hops: readonly string[];
  /** Node names by record route, there and back, at most nine stamps (RFC 791); IPv4 only. */
  readonly stamps?: readonly string[];
}

/** Traces all ordered pairs of nodes, in both families; pairs that are not in `pairs` are left out. */
export async function traceAll(lab: TestLab, pairs: ReadonlySet<string>): Promise<Trace[]> {
  const { nodes } = lab.plan.topology;
  const names = new Map<string, string>(
    nodes.flatMap((node) => node.addresses.map((address) => [address, node.name])),
  );
  const named = (address: string): string => names.get(address) ?? address;
  await Promise.all(nodes.map(async ({ name }) => (await lab.host(name)).run(["sh", "-c", UNLIMITED])));
  const traces = await Promise.all(
    nodes.map(async ({ name: from }) => {
      const host = await lab.host(from);
      const targets = nodes.flatMap((node) =>
        node.name !== from && pairs.has(`${from} ${node.name}`)
          ? node.addresses.map((address) => ({ to: node.name, address }))
          : [],
      );
      const script = targets.map(({ address }) => probeScript(address)).join("\n");
      const { stdout } = await host.run(["sh", "-s"], {
        input: `${script}\nexit 0\n`,
        timeoutMs: 120_000 * PATIENCE,
      });
      const parts = stdout.split("== ").slice(1);
      return targets.map(({ to, address }, index): Trace => {
        const part = parts[index] ?? "";
        const hops = parseHops(part).map(named);
        const lines = /RR:\s+([\s\S]*?)\n\n/.exec(part)?.[1]?.split("\n") ?? [];
        const stamps = lines.map((line) => named(line.trim()));
        const base = { from, to, hops: [from, ...hops] };
        return address.includes(":") ? { ...base, family: 6 } : { ...base, family: 4, stamps };
      });
    }),
  );
  return traces.flat();
}

/** A first packet waits for handshakes, 5 s each when one is lost; the tracing itself gets one try. */
const probeScript = (address: string): string =>
  [
    `echo "== ${address}"`,
    `for try in $(seq 30); do ping -q -c 1 -W 1 ${address} >/dev/null && break; done`,
    hopsScript(address),
    ...(address.includes(":") ? [] : [`ping -n -R -c 1 -W 3 ${address}`]),
  ].join("\n");

/** Routers name themselves once a second to one source; all pairs at once are more. */
const UNLIMITED = "sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0";

/** The stamps that record route collects when packets go by `there` and answers by `back`. */
export function expectedStamps(there: readonly string[], back: readonly string[]): string[] {
  return [...there, ...back].slice(0, 9);
}
