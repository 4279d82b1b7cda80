// `tofro import`: the network file that machines' wg-quick files, scripts and saved outputs amount to, with their keys.
import { Command } from "@commander-js/extra-typings";
import { hasErrors, TofroError } from "../core/error.ts";
import { networkFrom, secretsFrom, type Imported } from "../core/import/network.ts";
import { parse } from "../core/parse.ts";
import { compile } from "../core/plan.ts";
import type { Spec } from "../core/spec.ts";
import { readIfThere, writeAtomic } from "../files/atomic.ts";
import { lockFile, readNetwork, secretsFile, settle } from "../files/network.ts";
import { readVault, writeVault } from "../files/secrets.ts";
import { columns } from "./columns.ts";
import { foundIn } from "./lint.ts";
import type { Io } from "./io.ts";

const HEADER =
  "# Made by `tofro import`. `tofro check` says where packets go by it, `tofro show` everything else.\n";

export const importCommand = (io: Io) =>
  new Command("import")
    .description(
      "write the tofro.yaml that machines' wg-quick files, route scripts and outputs of wg and ip amount to",
    )
    .argument("<dirs...>", "a folder for each machine, or one with a folder for each")
    .option("-f, --file <file>", "network file to write; its lock and secrets stand beside it", "tofro.yaml")
    .option("--json", "{ file, nodes, paths, left }")
    .action(async (dirs, options) => {
      await refuseExisting(options.file);
      const found = await foundIn(dirs, io);
      const imported = networkFrom(found.machines, found.matched, found.directions);
      const { tunnels } = compile(specOf(imported, options.file)).topology;
      const secrets = secretsFrom(found.machines, imported, tunnels);
      const { vault } = await readVault(secretsFile(options.file));
      if (vault.kind === "sealed")
        throw new TofroError(`Cannot write: ${secretsFile(options.file)} is encrypted`, { kind: "usage" });
      await writeVault(secretsFile(options.file), vault, secrets);
      await writeAtomic(options.file, HEADER + imported.text, 0o644);
      const { network } = await settle(await readNetwork(options.file));
      const paths = network.spec.paths.map(({ text }) => text);
      const nodes = network.spec.nodes.map(({ name }) => name);
      if (options.json === true)
        io.stdout(
          `${JSON.stringify({ file: options.file, nodes, paths: [...new Set(paths)], left: imported.left }, undefined, 2)}\n`,
        );
      else
        io.stdout(
          columns([
            ["nodes", nodes.join(", ")],
            ...[...new Set(paths)].map((path, index) => [index === 0 ? "paths" : "", path]),
          ]),
        );
      for (const each of imported.left) io.stderr(`not taken over: ${each}\n`);
      io.stderr(
        `wrote ${options.file}; what is wrong with the files as they stand: \`tofro lint ${dirs.join(" ")}\`\n`,
      );
    });

/** Nothing is overwritten: keys that are lost are lost. */
async function refuseExisting(file: string): Promise<void> {
  for (const each of [file, secretsFile(file), lockFile(file)])
    if ((await readIfThere(each)) !== undefined)
      throw new TofroError(
        `Cannot write ${each}: it is there already\n  hint: name another file with -f, or move it away`,
        { kind: "usage" },
      );
}

/** Throws "usage" when the network that was made is none that tofro takes: a set-up of a kind that it does not know. */
function specOf({ text }: Imported, file: string): Spec {
  const { spec, diagnostics } = parse(HEADER + text, file);
  if (spec !== undefined && !hasErrors(diagnostics)) return spec;
  const why = diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
  throw new TofroError(`Cannot make a network of these files: ${why.join("; ")}`, { kind: "usage" });
}
