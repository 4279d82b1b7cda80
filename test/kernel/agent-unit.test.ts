// Agents on a machine with a real systemd: their unit starts with the plan's, starts again what was killed, comes back with
// a boot, and goes without a trace.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askAgent } from "../../src/linux/agent.ts";
import { localHost, type Host } from "../../src/linux/command.ts";
import { tofro } from "../support/cli.ts";
import { PATIENCE, PATIENT } from "../support/patience.ts";
import { systemdMachines, type SystemdMachine, type SystemdMachines } from "../support/systemd-machine.ts";

// a is this machine, without systemd. Two agents and few packets: the processor is emulated.
const NETWORK = `overlay: 10.71.0.0/24
failover: { interval: 1s }
nodes:
  a: {}
  b: { endpoint: 198.51.100.2, ssh: root@198.51.100.2 }
paths: [a <=> b]
`;
const folder = mkdtempSync(join(tmpdir(), "tofro-agent-unit-"));
const file = join(folder, "tofro.yaml");
let machines: SystemdMachines;
let b: SystemdMachine;

beforeAll(async () => {
  writeFileSync(file, NETWORK);
  machines = await systemdMachines("198.51.100.1");
  b = await machines.start("b", "198.51.100.2");
  // Node.js itself comes over 9p: read once, it starts within the time that an agent has.
  for (const host of [localHost, b.host()])
    await sh("cat $(readlink -f $(command -v node)) >/dev/null; node -e 1", host);
});
afterAll(async () => {
  await machines.end();
  rmSync(folder, { recursive: true });
});

const POLL = { timeout: 30_000 * PATIENCE, interval: 1000 };
const sh = async (script: string, host: Host = b.host()): Promise<string> =>
  (await host.run(["sh", "-c", script], { timeoutMs: 60_000 * PATIENCE, anyExit: true })).stdout;
const pid = (): Promise<string> => sh("systemctl show -p MainPID --value tofro-agent");
/** Linked with the controller, by what it says itself. */
const isLinked = async (host: Host): Promise<boolean> => {
  const status = await askAgent(host, { get: "status" }).catch(() => undefined);
  return (status as { controller?: { isConnected?: boolean } } | undefined)?.controller?.isConnected === true;
};

async function run(...argv: string[]): Promise<void> {
  const { code, stderr } = await tofro(...argv, "-f", file, ...PATIENT);
  expect([code, code === 0 ? "" : stderr.slice(-1500)]).toEqual([0, ""]);
}

describe("agents under systemd", () => {
  it("run as a unit that starts again what dies", async () => {
    await run("apply", "--agent");
    expect(await sh("systemctl is-enabled tofro-agent; systemctl is-active tofro-agent")).toBe(
      "enabled\nactive\n",
    );
    await expect.poll(() => isLinked(b.host()), POLL).toBe(true);
    await expect.poll(() => isLinked(localHost), POLL).toBe(true);
    const before = await pid();
    await sh(`kill -9 ${before}`);
    await expect.poll(async () => ["0\n", before].includes(await pid()), POLL).toBe(false);
    await expect.poll(() => isLinked(b.host()), POLL).toBe(true);
  });

  it("come back with a boot, behind the plan", async () => {
    await b.reboot();
    expect(await sh("systemctl is-active tofro tofro-agent")).toBe("active\nactive\n");
    await expect.poll(() => isLinked(b.host()), POLL).toBe(true);
    await expect.poll(() => isLinked(localHost), POLL).toBe(true);
    const { code, stdout } = await tofro("plan", "-f", file);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "a: nothing to do\nb: nothing to do\n" });
  });

  it("are gone with --no-agent, and all with down", async () => {
    await run("apply", "--no-agent");
    const units =
      "ls -R /etc/systemd /etc/tofro /run/tofro-agent /var/lib/tofro 2>/dev/null | grep tofro-agent";
    expect(await sh(`${units}; systemctl list-units --all --plain --no-legend 'tofro-agent*'`)).toBe("");
    expect(await sh("systemctl is-active tofro")).toBe("active\n");
    await run("down");
    expect(await sh(`ls -d /etc/tofro /var/lib/tofro 2>/dev/null; ls /etc/systemd/system | grep tofro`)).toBe(
      "",
    );
    expect(await sh("ls -d /etc/tofro /run/tofro-agent /var/lib/tofro 2>/dev/null", localHost)).toBe("");
  });
});
