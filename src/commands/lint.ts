// `tofro lint`: what is wrong with wg-quick files, scripts and saved outputs as they stand, before or without tofro.
import { Command } from "@commander-js/extra-typings";
import { hasErrors, TofroError } from "../core/error.ts";
import { lint, type LintFinding } from "../core/import/findings.ts";
import { readFolders, type Found } from "../core/import/read.ts";
import { readMachineFolders } from "../files/folders.ts";
import { publicKeyOf } from "../files/keys.ts";
import type { Io } from "./io.ts";
import { printDiagnostics } from "./load.ts";

export const lintCommand = (io: Io) =>
  new Command("lint")
    .description(
      "say what is wrong with wg-quick files, route scripts and outputs of wg and ip as they stand",
    )
    .argument("<dirs...>", "a folder for each machine, or one with a folder for each")
    .option("--json", "{ machines, directions, findings }")
    .action(async (dirs, options) => {
      const found = await foundIn(dirs, io);
      const findings = lint(found.machines, found.matched, found.directions);
      io.stdout(options.json === true ? lintJson(found, findings) : lintText(found, findings));
      if (findings.length > 0) io.exit(3);
    });

/** Throws "input" when a file is none that wg-quick would take, or an output is broken. */
export async function foundIn(dirs: readonly string[], io: Io): Promise<Found> {
  const found = readFolders(await readMachineFolders(dirs), publicKeyOf);
  const { diagnostics } = found;
  if (hasErrors(diagnostics))
    throw new TofroError("Some files cannot be used", { kind: "input", diagnostics });
  printDiagnostics(diagnostics, io);
  return found;
}

function lintText(found: Found, findings: readonly LintFinding[]): string {
  const texts = findings.map(
    ({ at, severity, message, evidence, mend }) =>
      `${at.file}:${at.line}:${at.column}: ${severity}: ${message}\n  seen: ${evidence}\n  mend: ${mend}\n`,
  );
  const ways = waysOf(found).map(({ path }) => `  ${path.join(" -> ")}\n`);
  const told =
    ways.length === 0
      ? "no machine reaches another by these files\n"
      : `ways by these files\n${ways.join("")}`;
  const count = findings.length === 1 ? "1 finding" : `${findings.length || "no"} findings`;
  return `${told}\n${texts.join("")}${texts.length === 0 ? "" : "\n"}${count}\n`;
}

const waysOf = ({ directions }: Found): { readonly path: string[] }[] =>
  directions.flatMap(({ from, walk }) =>
    walk.stopped === undefined && walk.hops.length > 0
      ? [{ path: [from.name, ...walk.hops.map((hop) => hop.to.machine.name)] }]
      : [],
  );

const lintJson = (found: Found, findings: readonly LintFinding[]): string =>
  `${JSON.stringify({ machines: found.machines.map(({ name }) => name), directions: waysOf(found), findings }, undefined, 2)}\n`;
