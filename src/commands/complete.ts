// What may stand where the cursor is, from the same table that dispatch and help read.
import type { Command } from "@commander-js/extra-typings";
import { visible } from "../render/man.ts";

/** Of the words that the caller looks up itself. */
export type Wanted =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "files" | "nodes" | "labs" };

type AnyCommand = Command<unknown[], Record<string, unknown>, Record<string, unknown>>;

const WORDS = (words: readonly string[]): Wanted => ({ kind: "words", words });
/** By the name of an argument, or of what an option takes. */
const KINDS: Readonly<Record<string, Wanted["kind"]>> = {
  node: "nodes",
  a: "nodes",
  c: "nodes",
  from: "nodes",
  to: "nodes",
  lab: "labs",
  file: "files",
  "lab-file": "files",
  dirs: "files",
  dir: "files",
};

const BY_OPTION: Readonly<Record<string, string>> = { "--node": "node", "--lab": "lab", "--name": "lab" };

/** `words`: those before the one under the cursor, without `tofro`. */
export function wantedBehind(program: AnyCommand, words: readonly string[], current: string): Wanted {
  let command = program;
  let position = 0;
  let pending: string | undefined;
  for (const word of words) {
    if (pending !== undefined) {
      pending = undefined;
      continue;
    }
    if (word === "--") return { kind: "files" };
    if (word.startsWith("-")) {
      const option = command.options.find(({ long, short }) => word === long || word === short);
      pending = option?.required === true || option?.optional === true ? takenBy(option) : undefined;
      continue;
    }
    const inner = (command.commands as readonly AnyCommand[]).find((each) => each.name() === word);
    if (inner === undefined) position++;
    else [command, position] = [inner, 0];
  }
  if (pending !== undefined) return ofKind(pending);
  if (current.startsWith("-")) return WORDS([...command.options.flatMap(({ long }) => long ?? []), "--help"]);
  if (command.commands.length > 0) return WORDS([...visible(command).map((each) => each.name()), "help"]);
  const { registeredArguments } = command;
  const argument = registeredArguments[Math.min(position, registeredArguments.length - 1)];
  if (argument === undefined || (position >= registeredArguments.length && !argument.variadic))
    return WORDS([]);
  return ofKind(argument.name());
}

/** `-f, --file <file>`: file. */
const takenBy = ({ long, flags }: { readonly long?: string | undefined; readonly flags: string }): string =>
  BY_OPTION[long ?? ""] ?? /[<[]([\w-]+)/.exec(flags)?.[1] ?? "";

function ofKind(name: string): Wanted {
  const kind = KINDS[name];
  return kind === undefined || kind === "words" ? WORDS([]) : { kind };
}

/** The file that `-f` names among these words. */
export function fileIn(words: readonly string[]): string {
  const at = words.findLastIndex((word) => word === "-f" || word === "--file");
  return (at === -1 ? undefined : words[at + 1]) ?? "tofro.yaml";
}
