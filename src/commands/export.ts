// `tofro export`: the plan as files that stock tools bring up.
import { Command } from "@commander-js/extra-typings";
import { join } from "node:path";
import { keepsItsKey } from "../core/spec.ts";
import { secretsInUse, settle } from "../files/network.ts";
import { networkd } from "../render/networkd.ts";
import { networkmanager } from "../render/networkmanager.ts";
import { openwrt } from "../render/openwrt.ts";
import { routeros } from "../render/routeros.ts";
import { shell } from "../render/shell.ts";
import { madeBy, wgQuickFiles } from "../render/wg-quick.ts";
import { columns } from "./columns.ts";
import { exportTarget, refuseUnknown, writeChanged, type Target } from "./export-target.ts";
import type { Io } from "./io.ts";
import { loadNetwork, networkOptions } from "./load.ts";
import { unlock } from "./unlock.ts";

const wgQuick = (io: Io) =>
  networkOptions(new Command("wg-quick"))
    .description("write DIR/<node>/<interface>.conf for wg-quick, mode 0600; makes keys that are missing")
    .option("-o, --output <dir>", "folder to write to", "wg-quick")
    .option("--json", "list the files as JSON")
    .action(async (options) => {
      const { network, plan } = await settle(await loadNetwork(options, io), unlock);
      const own = network.spec.nodes.filter(keepsItsKey).map(({ name }) => name);
      refuseUnknown(plan, own);
      const files = wgQuickFiles(plan, secretsInUse(network)).map((file) => ({
        ...file,
        path: join(options.output, file.node, `${file.interface}.conf`),
      }));
      const changed = await writeChanged(files, options.output, madeBy(plan), io);
      if (options.json === true) {
        const list = files.map(({ node, interface: name, path }) => ({ node, interface: name, path }));
        io.stdout(`${JSON.stringify({ files: list }, undefined, 2)}\n`);
        return;
      }
      io.stdout(
        columns(
          plan.states.map((state) => [state.node, ...state.interfaces.map((each) => `${each.name}.conf`)]),
          `${options.output}/`,
        ),
      );
      io.stderr(changed.size === 0 ? "nothing changed\n" : `changed: ${[...changed].join(", ")}\n`);
      for (const name of own) {
        const file = "/etc/tofro/private.key";
        io.stderr(`${name}: its files have no private key; they read ${file} there (mode 0600)\n`);
      }
      for (const { node, interfaces, firewall } of plan.states) {
        if (interfaces.length > 0 || firewall.forwards === undefined) continue;
        const over = firewall.forwards.map(({ forwarder }) => forwarder).join(", ");
        io.stderr(
          `${node}: has no tunnel, so no file of it can forward for ${over}; take \`apply\`, or \`export\` for another target\n`,
        );
      }
      io.stderr(
        "On each node: copy its files to /etc/wireguard, then `wg-quick up` each of them, in any order.\n",
      );
    });

const TARGETS: readonly Target[] = [
  {
    name: "shell",
    description:
      "write DIR/<node>/tofro.sh, a script with `up` and `down`, mode 0600; makes keys that are missing",
    exporter: shell,
    next: "On each node: `sh tofro.sh up` as root, at each boot too; `sh tofro.sh down` takes it away.",
  },
  {
    name: "openwrt",
    description:
      "write DIR/<node>/tofro.sh, which fills UCI, for OpenWrt, mode 0600; makes keys that are missing",
    exporter: openwrt,
    next: "On each router: `sh tofro.sh`. Then remove it there, for it holds keys.",
  },
  {
    name: "routeros",
    description:
      "write DIR/<node>/tofro.rsc, a script for MikroTik RouterOS 7, mode 0600; makes keys that are missing",
    exporter: routeros,
    next: "On each router: `/import tofro.rsc`. Then remove it there, for it holds keys.",
  },
  {
    name: "networkd",
    description:
      "write DIR/<node> for systemd-networkd, with install.sh, mode 0600; makes keys that are missing",
    exporter: networkd,
    next: "On each node: `sh install.sh` in its folder as root, and then what that says.",
  },
  {
    name: "networkmanager",
    description:
      "write DIR/<node>, keyfiles for NetworkManager with install.sh, mode 0600; makes keys that are missing",
    exporter: networkmanager,
    next: "On each node: `sh install.sh` in its folder as root, and then what that says.",
  },
];

export const exportCommand = (io: Io) => {
  const command = new Command("export")
    .description("write the plan as files for stock tools")
    .addCommand(wgQuick(io));
  for (const target of TARGETS) command.addCommand(exportTarget(io, target));
  return command;
};
