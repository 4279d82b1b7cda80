// `tofro completion`, `tofro man`, and `tofro complete`, which the shells' completions ask.
import { readdir } from "node:fs/promises";
import { Argument, Command } from "@commander-js/extra-typings";
import { parse } from "../core/parse.ts";
import { readIfThere } from "../files/atomic.ts";
import { LABS } from "../lab/state.ts";
import { COMPLETIONS, FILES, type Shell } from "../render/completion.ts";
import { HIDDEN, manPage } from "../render/man.ts";
import { fileIn, wantedBehind } from "./complete.ts";
import type { Io } from "./io.ts";

const EXIT_STATUS: readonly (readonly [string, string])[] = [
  ["0", "done"],
  ["1", "failed"],
  ["2", "the file, the arguments or this machine are wrong"],
  ["3", "checked and found wanting"],
];

export const completionCommand = (io: Io) =>
  new Command("completion")
    .description("print the completion for a shell: verbs, flags, and nodes of the network at hand")
    .addArgument(new Argument("<shell>").choices(Object.keys(COMPLETIONS) as Shell[]))
    .action((shell) => io.stdout(COMPLETIONS[shell]));

export const manCommand = (io: Io) => {
  const command = new Command("man").description("print the manual page: `tofro man | man -l -`");
  return command.action(() =>
    io.stdout(manPage(rootOf(command), rootOf(command).version() ?? "", EXIT_STATUS)),
  );
};

export const completeCommand = (io: Io) => {
  const command = new Command(HIDDEN)
    .description("what may stand at the end of these words, a line each: for completions of shells")
    .argument("[word...]", "the words up to the cursor, without `tofro`");
  return command.action(async (words) => {
    const [current = ""] = words.slice(-1);
    const before = words.slice(0, -1);
    const wanted = wantedBehind(rootOf(command), before, current);
    const found =
      wanted.kind === "words"
        ? wanted.words
        : wanted.kind === "files"
          ? [FILES]
          : wanted.kind === "labs"
            ? await readdir(LABS).catch(() => [])
            : await nodesIn(fileIn(before));
    io.stdout(found.map((each) => `${each}\n`).join(""));
  });
};

type AnyCommand = Parameters<typeof wantedBehind>[0];

function rootOf(command: { readonly parent: unknown }): AnyCommand {
  let root: { readonly parent: unknown } = command;
  while (root.parent instanceof Command) root = root.parent;
  return root as AnyCommand;
}

/** Also of a file with mistakes; none when there is no file. */
async function nodesIn(file: string): Promise<string[]> {
  const text = await readIfThere(file).catch(() => undefined);
  return text === undefined ? [] : (parse(text, file).spec?.nodes.map(({ name }) => name) ?? []);
}
