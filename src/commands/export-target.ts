// `tofro export TARGET`: a folder of files for each machine, and what the target cannot do of the plan.
import { Command } from "@commander-js/extra-typings";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { TofroError } from "../core/error.ts";
import type { Plan } from "../core/plan.ts";
import { keepsItsKey } from "../core/spec.ts";
import { modeOf, readIfThere, writeAtomic } from "../files/atomic.ts";
import { secretsInUse, settle } from "../files/network.ts";
import { staleFiles } from "../files/stale.ts";
import type { Exporter } from "../render/exported.ts";
import { madeBy } from "../render/wg-quick.ts";
import { columns } from "./columns.ts";
import type { Io } from "./io.ts";
import { loadNetwork, networkOptions } from "./load.ts";
import { unlock } from "./unlock.ts";

export interface Target {
  /** The verb's word, and the folder when none is named. */
  readonly name: string;
  readonly description: string;
  readonly exporter: Exporter;
  /** What to do with a node's files. */
  readonly next: string;
}

export const exportTarget = (io: Io, { name, description, exporter, next }: Target) =>
  networkOptions(new Command(name))
    .description(description)
    .option("-o, --output <dir>", "folder to write to", name)
    .option("--json", "list the files and limits as JSON")
    .action(async (options) => {
      const { network, plan } = await settle(await loadNetwork(options, io), unlock);
      refuseUnknown(
        plan,
        network.spec.nodes.filter(keepsItsKey).map((node) => node.name),
      );
      const secrets = secretsInUse(network);
      const head = madeBy(plan);
      const exported = plan.states.map((state) => ({
        node: state.node,
        ...exporter(head, state, secrets),
      }));
      const files = exported.flatMap(({ node, files: own }) =>
        own.map((file) => ({ node, text: file.text, path: join(options.output, node, file.name) })),
      );
      const limits = exported.flatMap(({ node, limits: own }) => own.map((limit) => ({ node, ...limit })));
      const changed = await writeChanged(files, options.output, head, io);
      for (const { node, lacks, instead } of limits)
        io.stderr(`${node}: not in its files: ${lacks}. ${instead}\n`);
      if (options.json === true) {
        const list = files.map(({ node, path }) => ({ node, path }));
        io.stdout(`${JSON.stringify({ files: list, limits }, undefined, 2)}\n`);
        return;
      }
      const rows = exported.map(({ node, files: own }) => [node, ...own.map((file) => file.name)]);
      io.stdout(columns(rows, `${options.output}/`));
      io.stderr(changed.size === 0 ? "nothing changed\n" : `changed: ${[...changed].join(", ")}\n`);
      io.stderr(`${next}\n`);
    });

/** A file to be written: mode 0600, for it may hold keys. */
export interface Output {
  readonly node: string;
  readonly path: string;
  readonly text: string;
}

/** Writes what differs and removes our own files that the plan has no more; the nodes whose files were written. */
export async function writeChanged(
  files: readonly Output[],
  folder: string,
  head: string,
  io: Io,
): Promise<Set<string>> {
  const changed = new Set<string>();
  for (const file of files) {
    if ((await modeOf(file.path)) === 0o600 && (await readIfThere(file.path)) === file.text) continue;
    await writeAtomic(file.path, file.text, 0o600);
    changed.add(file.node);
  }
  for (const path of await staleFiles(folder, head, new Set(files.map((file) => file.path)))) {
    await rm(path);
    io.stderr(`removed ${path}: it is not in the plan any more\n`);
  }
  return changed;
}

/** A peer's file cannot be without the public key. */
export function refuseUnknown({ lock }: Plan, own: readonly string[]): void {
  const unknown = own.find((name) => lock.nodes.get(name)?.publicKey === undefined);
  if (unknown === undefined) return;
  const hint = `\`tofro apply\` has it made there; or make it yourself, there: \`umask 077; mkdir -p /etc/tofro; wg genkey >/etc/tofro/private.key; wg pubkey </etc/tofro/private.key\`, and write what that prints as ${unknown}'s \`public_key:\``;
  const message = `Cannot export: ${unknown} keeps its private key to itself, and its public key is not known yet`;
  throw new TofroError(`${message}\n  hint: ${hint}`, { kind: "usage" });
}
