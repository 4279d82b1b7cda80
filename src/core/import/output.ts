// Saved outputs of `wg` and `ip`, known by what is in them: a file has one, or several one after the other.
import type { Located } from "../spec.ts";
import { isOfWg } from "./config-file.ts";

type Form = "dump" | "show" | "addresses" | "routes" | "rules" | "json";

/** One output, or a piece of one: lines from their first column on. */
export interface Output {
  readonly form: Form;
  readonly path: string;
  readonly lines: readonly Located<string>[];
}

/** In order: the first one whose line it is. */
const LOOKS: readonly (readonly [Form, RegExp])[] = [
  // `wg show all dump`, an interface's line or a peer's
  ["dump", /^(?:[^\t ]{1,15}\t)?(?:[A-Za-z0-9+/]{43}=|\(none\)|\(hidden\))\t[^\t]+\t/],
  ["show", /^(?:interface|peer): \S/],
  // `2: eth0: <BROADCAST,…>`, or of `ip -o` `2: eth0    inet …`
  ["addresses", /^\d+: [^\s:]+(?:: <|\s+inet6? )/],
  ["rules", /^\d+:\s+(?:not )?from /],
  [
    "routes",
    /^(?:(?:unicast|local|broadcast|multicast|anycast|unreachable|blackhole|prohibit|throw) )?(?:default|(?=[\da-f:]*[.:])[\da-fA-F.:]+(?:\/\d+)?)(?:\s+(?:via|dev|proto|scope|src|metric|table|nhid|nexthop|tos|from|encap|mtu|error)\s|\s*$)/,
  ],
  ["json", /^\[\s*(?:\{|\]|$)/],
];

const formOf = (line: string): Form | undefined => LOOKS.find(([, look]) => look.test(line))?.[0];
const isSaying = (line: string): boolean => line.trim() !== "" && !line.startsWith("#");

/** `undefined`: it is none: neither its first line nor half of its lines are as one has them. */
export function outputsOf(text: string, path: string): Output[] | undefined {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const saying = lines.filter(isSaying);
  const known = saying.map(formOf);
  const count = known.filter((form) => form !== undefined).length;
  const first = known.find((form) => form !== undefined);
  if (first === undefined || (known[0] === undefined && count * 2 < saying.length)) return undefined;
  const found: { form: Form; path: string; lines: Located<string>[] }[] = [{ form: first, path, lines: [] }];
  for (const [index, line] of lines.entries()) {
    if (!isSaying(line)) continue;
    const form = formOf(line);
    // JSON ends where the next one begins.
    if (form !== undefined && (form !== found.at(-1)!.form || form === "json"))
      found.push({ form, path, lines: [] });
    found.at(-1)!.lines.push({ value: line, at: { file: path, line: index + 1, column: 1 } });
  }
  return found.filter((each) => each.lines.length > 0);
}

/** `wg showconf`, in a file that is not called `.conf`. */
export const isShowconf = (text: string): boolean =>
  /^\[Interface\]$/i.test(
    text
      .replace(/^\uFEFF/, "")
      .split(/\r?\n/)
      .find(isSaying)
      ?.trim() ?? "",
  ) && isOfWg(text);

/** Of the tunnels themselves, not of addresses or routes alone. */
export const hasTunnels = (text: string, path: string): boolean =>
  isShowconf(text) || (outputsOf(text, path) ?? []).some(({ form }) => form === "dump" || form === "show");
