// The exported files with a real systemd-networkd: it understands every line, and makes of them what the shell script does.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { NodeState } from "../../src/core/node-state.ts";
import { readNetwork, settle } from "../../src/files/network.ts";
import type { Exported } from "../../src/render/exported.ts";
import { networkd } from "../../src/render/networkd.ts";
import { shell } from "../../src/render/shell.ts";
import type { Host } from "../../src/linux/command.ts";
import { sh } from "../support/doctor.ts";
import { complaints, preparedForNetworkd, startNetworkd, stopNetworkd } from "../support/networkd.ts";
import { withLab } from "../support/lab.ts";
import { goesAsPredicted } from "../support/predicted.ts";
import { hasKernelWireguard, live } from "../support/live.ts";

const golden = (name: string): string =>
  readFileSync(join(import.meta.dirname, "..", "golden", name, "tofro.yaml"), "utf8");

async function install(host: Host, files: Exported["files"]): Promise<void> {
  await sh(host, "mkdir -p /run/files");
  for (const { name, text } of files) await host.writeFile(`/run/files/${name}`, text, 0o600);
  await sh(host, "sh /run/files/install.sh; nft -f /etc/tofro/tofro.nft");
}

/** Has networkd read and configure everything; what it complains of. */
async function bringUp(host: Host, state: NodeState, files: Exported["files"]): Promise<string> {
  const names = state.interfaces.map((each) => each.name);
  await install(host, files);
  let said = "";
  if (!(await hasKernelWireguard(host))) {
    // It cannot make the interfaces, only read their files; then it finds others in their place.
    await startNetworkd(host, []);
    said += await complaints(host);
    await stopNetworkd(host);
    for (const name of names) await sh(host, standIn(name));
  }
  await startNetworkd(host, names);
  return said + (await complaints(host));
}

/** By the words of the .netdev file, which is out of networkd's way then: it leaves alone what is of another kind. */
const standIn = (
  name: string,
): string => `mkdir -p /run/netdev; mv /etc/systemd/network/10-tofro-${name}.netdev /run/netdev/
wireguard-go ${name}
sed '/^[[]NetDev]/,/^$/d; s/^[[]WireGuard]/[Interface]/; s/^[[]WireGuardPeer]/[Peer]/; s/^FirewallMark/FwMark/' /run/netdev/*-${name}.netdev | wg setconf ${name} /dev/stdin
ip link set ${name} mtu $(sed -n s/^MTUBytes=//p /run/netdev/*-${name}.netdev)`;

describe.each([["five-nodes"], ["mtu"], ["exit"], ["uplinks"]])("%s", (name) => {
  it("comes up by networkd as by the script, and traffic goes as predicted", async () => {
    await withLab(golden(name), { bare: true }, async (lab, folder) => {
      const { network, plan } = await settle(await readNetwork(join(folder, "tofro.yaml")));
      const seen = new Map<string, string>();
      for (const state of plan.states) {
        const host = await lab.host(state.node);
        await preparedForNetworkd(host);
        const said = await bringUp(host, state, networkd("# ", state, network.secrets).files);
        expect(said).toBe("");
        // In place of udev, which is not there.
        await sh(host, "sysctl -qp /etc/sysctl.d/60-tofro.conf");
        seen.set(state.node, await live(host));
      }
      await goesAsPredicted({ ...lab, plan });
      for (const state of plan.states) {
        const host = await lab.host(state.node);
        await stopNetworkd(host);
        await sh(
          host,
          `for each in ${state.interfaces.map((each) => each.name).join(" ")}; do ip link del $each; done
for f in -4 -6; do for p in $(ip $f rule show | sed -n 's/^\\(116[0-9]*\\):.*/\\1/p'); do ip $f rule del priority $p; done; done`,
        );
        await host.writeFile("/run/tofro.sh", shell("# ", state, network.secrets).files[0]!.text, 0o600);
        await sh(host, "sh /run/tofro.sh up");
        expect(seen.get(state.node)).toBe(await live(host));
      }
    });
  });
});

describe("what the test above goes by", () => {
  it("networkd complains of a line that it does not know, in either file; systemd takes the unit", async () => {
    await withLab(golden("three-nodes"), { bare: true }, async (lab, folder) => {
      const { network, plan } = await settle(await readNetwork(join(folder, "tofro.yaml")));
      const state = plan.states.find(({ node }) => node === "b")!;
      const host = await lab.host("b");
      await preparedForNetworkd(host);
      const { files } = networkd("# ", state, network.secrets);
      const broken = files.map(({ name, text }) => ({
        name,
        text: text.replace(/^(ListenPort|LinkLocalAddressing)=/m, "No$1="),
      }));
      await install(host, broken);
      await startNetworkd(host, []);
      const said = await complaints(host);
      expect(said).toContain("NoListenPort");
      expect(said).toContain("NoLinkLocalAddressing");
      await stopNetworkd(host);
      const verify = "systemd-analyze verify /etc/systemd/system/tofro-firewall.service 2>&1";
      expect(await sh(host, verify)).not.toContain("tofro-firewall");
    });
  });
});
