// On machines with a real systemd, over a real sshd: what apply makes outlives a reboot, restarts of nftables and networkd,
// and the death of whoever runs it; and goes again without a trace.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finding, FindingCode } from "../../src/core/doctor/finding.ts";
import { readNetwork, settle } from "../../src/files/network.ts";
import { localHost, type Host } from "../../src/linux/command.ts";
import { tofro } from "../support/cli.ts";
import { PATIENCE, PATIENT } from "../support/patience.ts";
import { goesAsPredicted } from "../support/predicted.ts";
import { snapshot } from "../support/snapshot.ts";
import { systemdMachines, type SystemdMachine, type SystemdMachines } from "../support/systemd-machine.ts";

//  a ──> b ──> c    a is this machine, without systemd. b and c send to each other by a there and directly back, so
//  ^───────────┘    that a and b lead what they forward another way than their own packets: they need rules.
const NETWORK = `overlay: [10.70.0.0/24, "fd70::/64"]
nodes:
  a: {}
  b: { endpoint: 198.51.100.2, ssh: root@198.51.100.2 }
  c: { endpoint: 198.51.100.3, ssh: root@198.51.100.3 }
paths: [a -> b -> c, c -> a, b -> a -> c, c -> b]
`;
const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts");
const UNIT = "etc/systemd/system/tofro.service";
const folder = mkdtempSync(join(tmpdir(), "tofro-systemd-"));
const file = join(folder, "tofro.yaml");
const APPLY = ["apply", "-f", file, ...PATIENT];
let machines: SystemdMachines;
let [b, c]: SystemdMachine[] = [];
let before: Record<string, string>;

beforeAll(async () => {
  writeFileSync(file, NETWORK);
  machines = await systemdMachines("198.51.100.1");
  [b, c] = await Promise.all([machines.start("b", "198.51.100.2"), machines.start("c", "198.51.100.3")]);
  before = await seenAll();
});
afterAll(async () => {
  await machines.end();
  rmSync(folder, { recursive: true });
});

const hostOf = (node: string): Host => (node === "a" ? localHost : (node === "b" ? b : c)!.host());
const sh = async (host: Host, script: string): Promise<string> =>
  (await host.run(["sh", "-ec", script], { timeoutMs: 60_000 * PATIENCE })).stdout;

/** With what systemd was told; without what is new each time: numbers of wires, addresses that the kernel makes up. */
async function seen(node: string): Promise<string> {
  const host = hostOf(node);
  const units =
    "ls -R /etc/systemd; systemctl is-enabled tofro.service 2>&1; systemctl list-units --all --plain --no-legend 'tofro*'";
  const told = node === "a" ? "" : (await host.run(["sh", "-c", units], { anyExit: true })).stdout;
  const changing = /^.*(\bv-[bc]\b|"mtu":1500|stable_secret:).*\n|@if\d+|fe80:[0-9a-f:]+/gm;
  return `${await snapshot(host)}${told}`.replaceAll(changing, "").split("\n").sort().join("\n");
}
async function seenAll(): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(["a", "b", "c"].map(async (node) => [node, await seen(node)] as const)),
  );
}

const watchers = (host: Host): Promise<string> =>
  sh(host, "systemctl list-units --all --plain --no-legend 'tofro-rollback-*'");

async function unwatched(): Promise<void> {
  for (const { host } of [b!, c!])
    await expect.poll(() => watchers(host()), { timeout: 120_000, interval: 1000 }).toBe("");
}

async function nothingLeft(): Promise<void> {
  // On stderr it says whom it waits for, where that takes long.
  const { code, stdout } = await tofro("plan", "-f", file);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.not.stringMatching(/^ /m) as string });
}

/** Every direction goes as `check` says, in both families. */
async function works(): Promise<void> {
  const { plan } = await settle(await readNetwork(file));
  const lab = { name: "systemd", plan, host: (node: string) => Promise.resolve(hostOf(node)) };
  expect(await goesAsPredicted(lab)).toHaveLength(12);
}

async function found(node: string, code: FindingCode): Promise<Finding[]> {
  const { stdout } = await tofro("doctor", "-f", file, "--node", node, "--json");
  return (JSON.parse(stdout) as { findings: Finding[] }).findings.filter((each) => each.code === code);
}

/** As it stands; then what was taken away comes back. */
async function mend(host: Host, { mend: lines }: Finding): Promise<void> {
  for (const line of lines) await sh(host, line);
  const { code, stderr } = await tofro(...APPLY);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
}

describe("machines with systemd", () => {
  let after: Record<string, string>;

  it("go back by themselves, to no unit and no file, when whoever applies dies", async () => {
    const argv = [MAIN, ...APPLY];
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "pipe"] });
    let told = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (told += text));
    const ended = new Promise((resolve) => child.once("close", resolve));
    // In the midst of making it last.
    while (!existsSync(join(b!.disk, UNIT)) && child.exitCode === null) await sleep(50);
    child.kill("SIGKILL");
    await ended;
    expect(told).toContain("making it last");
    expect(told).not.toContain("going back");
    for (const { host } of [b!, c!]) {
      expect(await watchers(host())).toMatch(/^tofro-rollback-[0-9a-f]+\.service +loaded +active +running/);
    }
    // Their time is over; again and again, as what was under way when it died sets it anew.
    const underWay = async (): Promise<string> => {
      const over =
        "cd /run/tofro/apply 2>/dev/null || exit 0; [ ! -e deadline ] || echo 0 >deadline || true; pwd";
      return (await Promise.all(["a", "b", "c"].map((node) => sh(hostOf(node), over)))).join("");
    };
    await expect.poll(underWay, { timeout: 300_000, interval: 1000 }).toBe("");
    await unwatched();
    for (const node of ["a", "b", "c"]) await sh(hostOf(node), "rm -f /run/tofro/*.log");
    expect(await seenAll()).toEqual(before);
  });

  it("come to the plan, watched by a transient unit that is gone afterwards", async () => {
    const { code, stderr } = await tofro(...APPLY);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    await unwatched();
    expect(await sh(b!.host(), "systemctl is-enabled tofro")).toBe("enabled\n");
    await nothingLeft();
    await works();
    after = await seenAll();
  });

  it("come to the plan again when they boot", async () => {
    await b!.reboot();
    expect(await sh(b!.host(), "systemctl is-active tofro")).toBe("active\n");
    expect(await seenAll()).toEqual(after);
    // a alone dials, and only what it sends in vain has it make a new session with a peer that has lost the old one.
    const { b: addresses } = Object.fromEntries(
      (await settle(await readNetwork(file))).plan.topology.nodes.map((node) => [node.name, node.addresses]),
    );
    const heard = () => sh(localHost, `ping -c 1 -W 2 ${addresses![0]} >/dev/null && echo yes || true`);
    await expect.poll(heard, { timeout: 180_000, interval: 1000 }).toBe("yes\n");
    await works();
    await nothingLeft();
  });

  it("keep the table when nftables is restarted or reloaded, and no tunnel is touched", async () => {
    const host = b!.host();
    const links = await sh(host, "ip -o link show type wireguard; wg show all latest-handshakes");
    for (const verb of ["restart", "reload"]) {
      await sh(host, `systemctl ${verb} nftables`);
      await nothingLeft();
    }
    expect(await sh(host, "ip -o link show type wireguard; wg show all latest-handshakes")).toBe(links);
  });

  it("lose rules to networkd, and all to a file of its that matches too much: the doctor says so and mends it", async () => {
    const host = b!.host();
    const mine =
      "ip -o address show dev wg-a scope global; ip route show proto 116; ip rule; ip -6 route show proto 116; ip -6 rule";
    const whole = await sh(host, mine);
    // As after a cable was out, a lease was lost, or an administrator's `netplan apply`.
    const configure = "networkctl reload; networkctl reconfigure eth0; sleep 2";

    const [rules] = await found("b", "networkd-foreign");
    await sh(host, configure);
    expect(await sh(host, "ip rule; ip -6 rule")).not.toContain("11600");
    await mend(host, rules!);
    expect(await sh(host, mine)).toBe(whole);
    await sh(host, configure);
    expect(await sh(host, mine)).toBe(whole);

    await sh(
      host,
      "printf '[Match]\\nName=!lo\\n[Network]\\nLinkLocalAddressing=no\\n' >/etc/systemd/network/lan.network",
    );
    await sh(host, configure);
    expect(await sh(host, "ip -o address show dev wg-a scope global; ip route show proto 116")).toBe("");
    const [managed] = await found("b", "networkd-manages");
    await mend(host, managed!);
    expect(await sh(host, mine)).toBe(whole);
    await sh(host, configure);
    expect(await sh(host, mine)).toBe(whole);
    expect(await found("b", "networkd-foreign")).toEqual([]);
    expect(await found("b", "networkd-manages")).toEqual([]);
    await sh(
      host,
      "rm -r /etc/systemd/networkd.conf.d /etc/systemd/network/lan.network /etc/systemd/network/00-tofro.network",
    );
  });

  it("keep no unit and no file after down", async () => {
    const { code } = await tofro("down", "-f", file, ...PATIENT);
    await unwatched();
    expect({ code, now: await seenAll() }).toEqual({ code: 0, now: before });
  });
});
