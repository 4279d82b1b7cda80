// The exported keyfiles with a real NetworkManager: it reads all that they say; where the kernel has WireGuard, it makes of them what the
// shell script does.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { familyOf, hostPrefix } from "../../src/core/address.ts";
import type { NodeState } from "../../src/core/node-state.ts";
import { readNetwork, settle } from "../../src/files/network.ts";
import { networkmanager } from "../../src/render/networkmanager.ts";
import { shell } from "../../src/render/shell.ts";
import type { Host } from "../../src/linux/command.ts";
import { sh, withPackages } from "../support/doctor.ts";
import { hasKernelWireguard, live } from "../support/live.ts";
import { withLab } from "../support/lab.ts";
import { goesAsPredicted } from "../support/predicted.ts";
import { PATIENCE } from "../support/patience.ts";

const golden = (name: string): string =>
  readFileSync(join(import.meta.dirname, "..", "golden", name, "tofro.yaml"), "utf8");

const PID = "/run/NetworkManager/NetworkManager.pid";

/** Its own links are none of its business; it waits for udev, unless it finds itself in a container, whose /sys is read-only. */
const START = `dbus-daemon --system --fork --nopidfile; mount -o remount,ro /sys
mkdir -p /etc/NetworkManager/conf.d
printf '[keyfile]\\nunmanaged-devices=interface-name:u-*\\n[connection]\\nconnection.autoconnect=0\\n' >/etc/NetworkManager/conf.d/lab.conf
NetworkManager --log-level=INFO --log-domains=ALL >/run/nm.log 2>&1
for try in $(seq 100); do nmcli -t -f RUNNING general 2>/dev/null | grep -q '^running' && break; sleep 0.1; done
nmcli connection reload`;

async function install(
  host: Host,
  state: NodeState,
  secrets: Parameters<typeof networkmanager>[2],
): Promise<void> {
  await sh(host, "mkdir -p /run/files");
  for (const { name, text } of networkmanager("# ", state, secrets).files)
    await host.writeFile(`/run/files/${name}`, text, 0o600);
  await sh(host, "sh /run/files/install.sh; nft -f /etc/tofro/tofro.nft");
}

/** What it has read, by its own words. */
async function read(host: Host, name: string): Promise<Record<string, string>> {
  const fields = "connection,wireguard,ipv4,ipv6";
  const text = await sh(host, `nmcli -t -s -f ${fields} connection show tofro-${name}`);
  return Object.fromEntries(
    text.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]),
  );
}

function expectRead(state: NodeState, name: string, seen: Record<string, string>): void {
  const each = state.interfaces.find((one) => one.name === name)!;
  expect(seen).toMatchObject({
    "connection.interface-name": name,
    "wireguard.listen-port": String(each.listenPort),
    "wireguard.mtu": String(each.mtu),
    "wireguard.peer-routes": "no",
  });
  for (const family of [4, 6] as const) {
    const addresses = state.addresses.filter((address) => familyOf(address) === family);
    const routes = state.routes.filter((one) => one.interface === name && familyOf(one.prefix) === family);
    const said = seen[`ipv${family}.routes`]!;
    expect(seen[`ipv${family}.addresses`]).toBe(addresses.map(hostPrefix).join(", "));
    for (const { prefix, source, table, mtu, advmss } of routes) {
      const words = said.replaceAll("\\", "").split("; ").concat(said.split(", ")).join(" ");
      for (const word of [
        prefix,
        `src=${source}`,
        ...(table === "main" ? [] : [`table=${table}`]),
        ...(mtu === undefined ? [] : [`mtu=${mtu}`]),
        ...(advmss === undefined ? [] : [`advmss=${advmss}`]),
      ])
        expect(words).toContain(word);
    }
    const rules = state.rules.filter(({ iif, from }) => iif === name && familyOf(from) === family);
    for (const { priority, from, table } of rules)
      expect(seen[`ipv${family}.routing-rules`]).toMatch(
        new RegExp(
          `priority ${priority}.*from ${from.replace(/\/(32|128)$/, "").replaceAll(".", "\\.")} .*${table}`,
        ),
      );
  }
}

/** When each end that nobody can dial has spoken: it waits for its next try, up to 30 s. */
async function shaken(host: Host, { interfaces }: NodeState): Promise<void> {
  const waiting = new Set(
    interfaces.filter(({ peer }) => peer.endpoint === undefined).map(({ name }) => name),
  );
  const silent = async (): Promise<string[]> =>
    (await sh(host, "wg show all latest-handshakes"))
      .split("\n")
      .map((line) => line.split("\t"))
      .flatMap(([name, , at]) => (at === "0" && waiting.has(name!) ? [name!] : []));
  const wait = { timeout: 60_000 * PATIENCE, interval: 500 };
  await vi.waitFor(async () => expect(await silent()).toEqual([]), wait);
}

describe.each([["five-nodes"], ["mtu"], ["exit"], ["uplinks"]])("%s", (name) => {
  it("is read whole by NetworkManager, and comes up by it as by the script", async () => {
    await withLab(golden(name), { bare: true }, async (lab, folder) => {
      const { network, plan } = await settle(await readNetwork(join(folder, "tofro.yaml")));
      const seen = new Map<string, string>();
      for (const state of plan.states) {
        const host = await lab.host(state.node);
        await withPackages(host);
        await install(host, state, network.secrets);
        await sh(host, START);
        expect(
          await sh(host, "grep -iE '<(warn|error)>.*(keyfile|tofro-|settings)' /run/nm.log || true"),
        ).toBe("");
        for (const each of state.interfaces) expectRead(state, each.name, await read(host, each.name));
        if (!(await hasKernelWireguard(host))) continue;
        for (const each of state.interfaces) await sh(host, `nmcli connection up tofro-${each.name}`);
        await sh(host, "sysctl -qp /etc/sysctl.d/60-tofro.conf");
        seen.set(state.node, await live(host));
      }
      if (seen.size === 0) return;
      for (const state of plan.states) await shaken(await lab.host(state.node), state);
      await goesAsPredicted({ ...lab, plan });
      for (const state of plan.states) {
        const host = await lab.host(state.node);
        await sh(host, state.interfaces.map((each) => `nmcli connection down tofro-${each.name}`).join("; "));
        await sh(
          host,
          `kill $(cat ${PID}); for try in $(seq 100); do [ -e ${PID} ] || break; sleep 0.1; done`,
        );
        await host.writeFile("/run/tofro.sh", shell("# ", state, network.secrets).files[0]!.text, 0o600);
        await sh(host, "sh /run/tofro.sh up");
        expect(seen.get(state.node)).toBe(await live(host));
      }
    });
  });
});
