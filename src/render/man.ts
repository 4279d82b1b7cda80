// The manual page, from the table of commands (man(7), groff_man(7)).
import type { Command } from "@commander-js/extra-typings";

type AnyCommand = Command<unknown[], Record<string, unknown>, Record<string, unknown>>;

const FILES: readonly (readonly [string, string])[] = [
  ["tofro.yaml", "The network: nodes, paths, forwarders. Any other name with -f."],
  [
    "tofro.lock",
    "What was allocated once, beside it: addresses, ports, interface names, public keys. Commit it.",
  ],
  [
    "tofro.secrets",
    "Private and preshared keys, beside it, mode 0600, or encrypted with age. Do not commit it.",
  ],
  ["/etc/tofro", "On each machine: what brings the plan up at boot, and its keys."],
];
const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ["NO_COLOR", "Set to anything: no colour."],
  ["TOFRO_PASSPHRASE_FILE", "A file with the passphrase of encrypted secrets."],
  ["TOFRO_IDENTITY", "The age identity or SSH key that opens encrypted secrets."],
];

/** `exitCodes`: a line of `code what` each. */
export function manPage(
  program: AnyCommand,
  version: string,
  exitCodes: readonly (readonly [string, string])[],
): string {
  return [
    `.TH TOFRO 1 "" "tofro ${version}"`,
    ".SH NAME",
    `tofro \\- ${text(program.description())}`,
    ".SH SYNOPSIS",
    ".B tofro",
    ".I verb",
    "[options] [arguments]",
    ".SH VERBS",
    ...visible(program).flatMap((verb) => commandLines(verb, [])),
    ".SH EXIT STATUS",
    ...list(exitCodes),
    ".SH FILES",
    ...list(FILES),
    ".SH ENVIRONMENT",
    ...list(ENVIRONMENT),
    "",
  ].join("\n");
}

/** What only completions ask is nobody's business. */
export const visible = (program: AnyCommand): readonly AnyCommand[] =>
  (program.commands as readonly AnyCommand[]).filter((each) => each.name() !== HIDDEN);
export const HIDDEN = "complete";

function commandLines(command: AnyCommand, above: readonly string[]): string[] {
  const names = [...above, command.name()];
  const usage = command.registeredArguments.map((argument) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name();
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  if (command.commands.length > 0)
    return command.commands.flatMap((each) => commandLines(each as AnyCommand, names));
  return [
    `.SS "${text(["tofro", ...names, ...usage].join(" "))}"`,
    text(command.description()),
    ...list(
      command.options.filter(({ hidden }) => !hidden).map(({ flags, description }) => [flags, description]),
    ),
  ];
}

const list = (entries: readonly (readonly [string, string])[]): string[] =>
  entries.flatMap(([term, what]) => [".TP", `.B ${text(term)}`, text(what) || "\\&"]);

/** No line of it is taken for a request, and hyphens can be copied. */
const text = (raw: string): string =>
  raw
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll(/\s*\n\s*/g, " ")
    .replace(/^([.'])/, "\\&$1")
    .replaceAll('"', "\\(dq")
    .replaceAll(
      /[^\0-\x7F]/gu,
      (char) => `\\[u${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`,
    );
