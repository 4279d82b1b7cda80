// `tofro export`: the plan as files that stock tools bring up.
import { Command } from "@commander-js/extra-typings";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Plan } from "../core/plan.ts";
import type { Secrets } from "../core/secrets.ts";
import { writeAtomic } from "../files/atomic.ts";
import { settle } from "../files/network.ts";
import { staleFiles } from "../files/stale.ts";
import { MADE_BY, wgQuickFile } from "../render/wg-quick.ts";
import { columns } from "./columns.ts";
import type { Io } from "./io.ts";
import { loadNetwork, networkOptions } from "./load.ts";

export interface ExportedFile {
  readonly node: string;
  readonly interface: string;
  readonly text: string;
}

/** Every node's wg-quick files. They hold private keys. */
export const wgQuickFiles = (plan: Plan, secrets: Secrets): ExportedFile[] =>
  plan.states.flatMap((state) =>
    state.interfaces.map((each) => {
      const privateKey = secrets.privateKeys.get(state.node);
      const presharedKey = secrets.presharedKeys.get(each.tunnel);
      const keys = {
        ...(privateKey === undefined ? {} : { privateKey }),
        ...(presharedKey === undefined ? {} : { presharedKey }),
      };
      return { node: state.node, interface: each.name, text: wgQuickFile(state, each, keys) };
    }),
  );

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
      for (const file of files) await writeAtomic(file.path, file.text, 0o600);
      const stale = await staleFiles(options.output, MADE_BY, new Set(files.map((file) => file.path)));
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
      io.stderr(
        "On each node: copy its files to /etc/wireguard, then `wg-quick up` each of them, in any order.\n",
      );
    });

export const exportCommand = (io: Io) =>
  new Command("export").description("write the plan as files for stock tools").addCommand(wgQuick(io));
