// The `interfaces` of a node: names and ports that the user fixed, by peer or forwarder.
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import { fieldsOf, textOf } from "./fields.ts";
import { IDENTITY } from "./node-state.ts";
import { readNumber } from "./read-values.ts";
import type { InterfaceSpec, Located } from "./spec.ts";
import type { Entry, Text, Tree } from "./yaml-tree.ts";

/** IFNAMSIZ less the closing NUL. */
const LONGEST = 15;
/** `all` and `default` are directories of sysctls, `lo` is everybody's, and one is our own. */
const TAKEN = new Set(["all", "default", "lo", IDENTITY]);

export const readInterfaces = (tree: Tree | undefined, found: Diagnostics): InterfaceSpec[] =>
  [...fieldsOf(tree).values()].map((entry) => readInterface(entry, found));

function readInterface({ key, at, value }: Entry, found: Diagnostics): InterfaceSpec {
  const fields = fieldsOf(value);
  const nameText = value.kind === "text" ? value : textOf(fields, "name");
  const portText = textOf(fields, "port");
  const name = nameText && readName(nameText, found);
  const port = portText && readNumber(portText, "port", "port-range", 1, 65535, found);
  return { towards: key, at, ...(name && { name }), ...(port && { port }) };
}

/** The kernel's rules, narrowed to what wg-quick takes as a file name and sysctl within a key. */
function readName(text: Text, found: Diagnostics): Located<string> | undefined {
  const name = text.text;
  const why = TAKEN.has(name)
    ? "is taken by the system or by tofro itself"
    : !/^[A-Za-z0-9_-]+$/.test(name)
      ? "has characters that wg-quick or sysctl do not take"
      : name.length > LONGEST
        ? `is ${name.length} characters long`
        : name.startsWith("-")
          ? "begins with `-`"
          : undefined;
  if (why === undefined) return { value: name, at: text.at };
  const hint = `at most ${LONGEST} characters: ASCII letters, digits, \`_\` and \`-\``;
  found.error("bad-interface-name", text.at, `the interface name ${quote(name)} ${why}`, hint);
  return undefined;
}
