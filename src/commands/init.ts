// `tofro init`: a first tofro.yaml, by a few questions, or by flags where nobody can be asked.
import { Command } from "@commander-js/extra-typings";
import { formatDiagnostic, hasErrors, TofroError } from "../core/error.ts";
import { parse } from "../core/parse.ts";
import { readIfThere, writeAtomic } from "../files/atomic.ts";
import { firstFile, suggestedPaths, type Answers } from "../render/first-file.ts";
import type { Io } from "./io.ts";

const OVERLAY = "10.44.0.0/24";

export const initCommand = (io: Io) =>
  new Command("init")
    .description("write a first tofro.yaml: asks a few questions, or takes flags")
    .option("-f, --file <file>", "network file to write", "tofro.yaml")
    .option("--overlay <prefix>", `addresses of the WireGuard network (${OVERLAY})`)
    .option(
      "--node <name...>",
      "a node: `a`, or `b=198.51.100.1` with the address or name at which others dial it",
    )
    .option("--path <line...>", "a line of paths, such as `a -> b -> c`; suggested when left out")
    .option("--json", "{ file, nodes, paths }")
    .action(async ({ file, node, path, ...options }) => {
      if ((await readIfThere(file)) !== undefined)
        throw new TofroError(`Cannot write ${file}: it is there already\n  hint: name another file with -f`, {
          kind: "usage",
        });
      const nodes = node?.map(nodeOf);
      const given = { overlay: options.overlay ?? OVERLAY, ...(path && { paths: path }) };
      const answers = nodes
        ? { paths: suggestedPaths(nodes), ...given, nodes }
        : await asked({ ...options, ...(path && { paths: path }) });
      const text = firstFile(answers);
      const { diagnostics } = parse(text, file);
      if (hasErrors(diagnostics)) throw new TofroError(whyNot(file, diagnostics), { kind: "usage" });
      await writeAtomic(file, text, 0o644);
      if (options.json === true)
        io.stdout(
          `${JSON.stringify({ file, nodes: answers.nodes.map(({ name }) => name), paths: answers.paths }, undefined, 2)}\n`,
        );
      else io.stdout(text);
      for (const each of diagnostics) io.stderr(`${formatDiagnostic(each)}\n`);
      io.stderr(`wrote ${file}; next: \`tofro check\`, \`tofro show\`, and \`tofro plan\` on the machines\n`);
    });

/** Of a file that was never written: what, without where. */
function whyNot(file: string, diagnostics: ReturnType<typeof parse>["diagnostics"]): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  return `Cannot write ${file}: ${errors.map(({ message, hint }) => (hint === undefined ? message : `${message} (${hint})`)).join("; ")}`;
}

function nodeOf(text: string): Answers["nodes"][number] {
  const at = text.indexOf("=");
  return at === -1 ? { name: text } : { name: text.slice(0, at), endpoint: text.slice(at + 1) };
}

async function asked(known: {
  readonly overlay?: string | undefined;
  readonly paths?: readonly string[];
}): Promise<Answers> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new TofroError(
      "Cannot ask: there is no terminal\n  hint: `tofro init --node a --node b=198.51.100.1 --node c=198.51.100.2`",
      { kind: "usage" },
    );
  const { intro, isCancel, text } = await import("@clack/prompts");
  const ask = async (
    message: string,
    initialValue = "",
    validate?: (said: string | undefined) => string | undefined,
  ): Promise<string> => {
    const said = await text({ message, initialValue, ...(validate && { validate }) });
    if (isCancel(said)) throw new TofroError("Nothing was written", { kind: "usage" });
    return said.trim();
  };
  intro("tofro: to and fro, each its own way");
  const overlay =
    known.overlay ??
    (await ask(
      "Addresses of the WireGuard network",
      OVERLAY,
      refused((said) => ({
        overlay: said,
        nodes: [{ name: "a", endpoint: "198.51.100.1" }, { name: "b" }],
        paths: ["a <-> b"],
      })),
    ));
  const nodes: { name: string; endpoint?: string }[] = [];
  for (;;) {
    const name = await ask(nodes.length < 2 ? "A node's name" : "Another node's name, or nothing");
    if (name === "" && nodes.length >= 2) break;
    if (name === "" || nodes.some((each) => each.name === name)) continue;
    const endpoint = await ask(`Where others dial ${name}: an address or name, or nothing behind NAT`);
    nodes.push({ name, ...(endpoint !== "" && { endpoint }) });
  }
  const paths = [...(known.paths ?? [])];
  const suggested = known.paths === undefined ? suggestedPaths(nodes) : [];
  while (known.paths === undefined) {
    const line = await ask(
      paths.length === 0 ? "A path, such as a -> b -> c" : "Another path, or nothing",
      suggested[paths.length] ?? "",
    );
    if (line === "") break;
    paths.push(line);
  }
  return { overlay, nodes, paths };
}

/** Says what is wrong with an answer before the next question. */
const refused =
  (fileWith: (said: string) => Answers) =>
  (said: string | undefined): string | undefined =>
    parse(firstFile(fileWith((said ?? "").trim())), "").diagnostics.find(
      ({ severity }) => severity === "error",
    )?.message;
