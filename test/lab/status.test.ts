// status of a network that apply made: what is well, what is broken, what drifted, and who cannot be asked.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tofro } from "../support/cli.ts";
import { example, labFor } from "../support/doctor.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const THREE = example("three-nodes");
const UNDERLAY = "underlay:\n  default: { delay: 10ms }\n  a -> c: { delay: 40ms }\n";

interface Status {
  readonly tunnels: readonly {
    readonly tunnel: string;
    readonly condition: string;
    readonly handshakeAgeS?: number;
    readonly ends: readonly {
      readonly node: string;
      readonly dials: boolean;
      readonly endpoint?: string;
      readonly sentBytes?: number;
    }[];
  }[];
  readonly directions: readonly {
    readonly from: string;
    readonly path: readonly string[];
    readonly broken: readonly string[];
    readonly delay?: { readonly lowestMs: number; readonly highestMs: number; readonly guessMs: number };
    readonly historyMs: readonly (number | null)[];
  }[];
  readonly drift: Readonly<Record<string, { readonly kind: string; readonly commands?: readonly string[] }>>;
  readonly unreachable: readonly { readonly node: string }[];
}

describe("status", () => {
  const lab = labFor(THREE, { bare: true, underlay: UNDERLAY });
  const status = async (...options: string[]): Promise<Status & { code: number }> => {
    const { code, stdout } = await tofro("status", "--lab", lab().name, "--json", ...options);
    return { code, ...(JSON.parse(stdout) as Status) };
  };
  const sh = async (node: string, script: string): Promise<string> =>
    (await (await lab().host(node)).run(["sh", "-ec", script])).stdout;

  it("says of a bare machine that all of the plan is missing", async () => {
    const bare = await status("--no-measure");
    expect(bare.code).toBe(3);
    expect(bare.tunnels.map(({ condition }) => condition)).toEqual(["down", "down", "down"]);
    expect(Object.values(bare.drift).map(({ kind }) => kind)).toEqual(["drift", "drift", "drift"]);
  });

  it("says that all is well, with delays that hold the truth", async () => {
    expect((await tofro("apply", "--lab", lab().name)).code).toBe(0);
    const well = await status();
    expect(well.code).toBe(0);
    expect(well.drift).toEqual({ a: { kind: "none" }, b: { kind: "none" }, c: { kind: "none" } });
    expect(well.tunnels.map(({ tunnel, condition }) => `${tunnel} ${condition}`)).toEqual([
      "a - b up",
      "a - c up",
      "b - c up",
    ]);
    for (const { handshakeAgeS, ends } of well.tunnels) {
      expect(handshakeAgeS).toBeLessThan(180);
      for (const { sentBytes } of ends) expect(sentBytes).toBeGreaterThan(0);
      expect(ends.find(({ dials }) => dials)!.endpoint).toMatch(
        /^(?:198\.51\.100|203\.0\.113)\.\d+:518\d\d$/,
      );
    }
    expect(well.directions.map(({ path }) => path)).toEqual([
      ["a", "b", "c"],
      ["c", "a"],
    ]);
    const truthMs = [20, 10];
    well.directions.forEach(({ delay }, index) => {
      expect(delay!.lowestMs).toBeLessThanOrEqual(truthMs[index]!);
      expect(delay!.highestMs).toBeGreaterThanOrEqual(truthMs[index]!);
    });
  });

  it("fits 80 columns, says what is not known, and shows an interval for every delay", async () => {
    const { stdout } = await tofro("status", "--lab", lab().name);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/a -> b -> c +\d+\.\d ms \(\d+\.\d to \d+\.\d\) +\d/);
    expect(stdout).toMatch(/drift: none/);
    expect(stdout).toMatch(/no history: no agent keeps one/);
  });

  it("names what drifted and what is down", async () => {
    await sh("b", "sysctl -qw net.ipv4.ip_forward=0");
    const drifted = await status("--no-measure");
    expect(drifted.code).toBe(3);
    expect(drifted.drift).toEqual({
      a: { kind: "none" },
      b: { kind: "drift", commands: [expect.stringContaining("net.ipv4.ip_forward=1") as string] },
      c: { kind: "none" },
    });
    await sh("b", "sysctl -qw net.ipv4.ip_forward=1");

    await sh(
      "c",
      `nft 'add table inet fw; add chain inet fw c { type filter hook input priority 0; }; add rule inet fw c udp dport 51820-51830 iifname "u-*" drop'`,
    );
    try {
      const broken = await status();
      expect(broken.code).toBe(3);
      const down = broken.tunnels.filter(({ condition }) => condition === "down").map(({ tunnel }) => tunnel);
      expect(down).toEqual(["a - c", "b - c"]);
      expect(broken.directions.map(({ broken: tunnels }) => tunnels)).toEqual([["b - c"], ["a - c"]]);
      const { stdout } = await tofro("status", "--lab", lab().name);
      expect(stdout).toMatch(/^! a -> b -> c +LOST: nothing came through b - c/m);
    } finally {
      await sh("c", "nft delete table inet fw");
    }
  });

  it("watches until Ctrl-C, gathers a history, and leaves nothing behind", async () => {
    const processes = (): Promise<string> => sh("b", "ps -eo args | grep -cE 'node|[s]h -s' || true");
    const before = await processes();
    const child = spawn(process.execPath, [
      join(ROOT, "src/main.ts"),
      "status",
      "--watch",
      "--json",
      "--lab",
      lab().name,
    ]);
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    const reports = (): Status[] =>
      text
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Status);
    await expect
      .poll(() => reports().at(-1)?.directions[0]?.historyMs.length ?? 0, { timeout: 60_000, interval: 500 })
      .toBeGreaterThan(1);
    child.kill("SIGINT");
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);
    expect(reports().length).toBeGreaterThan(2);
    await expect.poll(processes, { timeout: 20_000 }).toBe(before);
  });

  it("names a machine that cannot be asked, and shows the rest", async () => {
    // Last, for it does not come back: what a lab host dies with is its first process.
    const pid = Number(
      (await tofro("lab", "status", "--name", lab().name, "--json")).stdout.match(
        /"name": "c",[\s\S]*?"pid": (\d+)/,
      )?.[1],
    );
    process.kill(pid, "SIGKILL");
    const rest = await status("--no-measure");
    expect(rest.code).toBe(1);
    expect(rest.unreachable.map(({ node }) => node)).toEqual(["c"]);
    expect(rest.tunnels.map(({ tunnel, condition }) => `${tunnel} ${condition}`)).toEqual([
      "a - b up",
      "a - c up",
      "b - c up",
    ]);
    const traced = await tofro("trace", "a", "c", "--lab", lab().name, "--no-measure", "--json");
    expect(JSON.parse(traced.stdout)).toMatchObject({ unreachable: [{ node: "c" }] });
  });
});
