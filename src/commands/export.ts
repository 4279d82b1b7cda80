// `tofro export`: the plan as files that stock tools bring up.
import { Command } from "@commander-js/extra-typings";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { TofroError } from "../core/error.ts";
import type { Plan } from "../core/plan.ts";
import { keepsItsKey } from "../core/spec.ts";
import { modeOf, readIfThere, writeAtomic } from "../files/atomic.ts";
import { secretsInUse, settle } from "../files/network.ts";
import { staleFiles } from "../files/stale.ts";
import { madeBy, wgQuickFiles } from "../render/wg-quick.ts";
import { columns } from "./columns.ts";
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
      for (const name of own) {
        const file = "/etc/tofro/private.key";
        io.stderr(`${name}: its files have no private key; they read ${file} there (mode 0600)\n`);
      }
      io.stderr(
        "On each node: copy its files to /etc/wireguard, then `wg-quick up` each of them, in any order.\n",
      );
    });

/** A peer's file cannot be without the public key. */
function refuseUnknown({ lock }: Plan, own: readonly string[]): void {
  const unknown = own.find((name) => lock.nodes.get(name)?.publicKey === undefined);
  if (unknown === undefined) return;
  const hint = `\`tofro apply\` has it made there; or make it yourself, there: \`umask 077; mkdir -p /etc/tofro; wg genkey >/etc/tofro/private.key; wg pubkey </etc/tofro/private.key\`, and write what that prints as ${unknown}'s \`public_key:\``;
  const message = `Cannot export: ${unknown} keeps its private key to itself, and its public key is not known yet`;
  throw new TofroError(`${message}\n  hint: ${hint}`, { kind: "usage" });
}

export const exportCommand = (io: Io) =>
  new Command("export").description("write the plan as files for stock tools").addCommand(wgQuick(io));
