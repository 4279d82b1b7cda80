// `tofro export`: the plan as files that stock tools bring up.
import { Command } from "@commander-js/extra-typings";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { modeOf, readIfThere, writeAtomic } from "../files/atomic.ts";
import { settle } from "../files/network.ts";
import { staleFiles } from "../files/stale.ts";
import { madeBy, wgQuickFiles } from "../render/wg-quick.ts";
import { columns } from "./columns.ts";
import type { Io } from "./io.ts";
import { loadNetwork, networkOptions } from "./load.ts";

const wgQuick = (io: Io) =>
  networkOptions(new Command("wg-quick"))
    .description("write DIR/<node>/<interface>.conf for wg-quick, mode 0600; makes keys that are missing")
    .option("-o, --output <dir>", "folder to write to", "wg-quick")
    .option("--json", "list the files as JSON")
    .action(async (options) => {
      const { network, plan } = await settle(await loadNetwork(options, io));
      const files = wgQuickFiles(plan, network.secrets).map((file) => ({
        ...file,
        path: join(options.output, file.node, `${file.interface}.conf`),
      }));
      const changed = new Set<string>();
      for (const file of files) {
        if ((await modeOf(file.path)) === 0o600 && (await readIfThere(file.path)) === file.text) continue;
        await writeAtomic(file.path, file.text, 0o600);
        changed.add(file.node);
      }
      const stale = await staleFiles(options.output, madeBy(plan), new Set(files.map((file) => file.path)));
      for (const path of stale) {
        await rm(path);
        io.stderr(`removed ${path}: the plan has no such tunnel any more\n`);
      }
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
      io.stderr(
        "On each node: copy its files to /etc/wireguard, then `wg-quick up` each of them, in any order.\n",
      );
    });

export const exportCommand = (io: Io) =>
  new Command("export").description("write the plan as files for stock tools").addCommand(wgQuick(io));
