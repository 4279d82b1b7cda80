// Words of Graphviz's DOT language, escaped: quoted strings, attribute lists and HTML-like labels.

/** A value of an HTML-like label, ready to stand between `<` and `>`; everything else is plain text. */
interface Html {
  readonly html: string;
}

export type Attributes = Readonly<Record<string, string | number | Html>>;

/** A quoted string; a backslash is one character, not the beginning of an escape such as `\N`. */
export const quoted = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

/** Text inside an HTML-like label. */
export const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** ` [name=value, …]` in the order given. */
export function attributes(values: Attributes): string {
  const words = Object.entries(values).map(([name, value]) => `${name}=${valueText(value)}`);
  return ` [${words.join(", ")}]`;
}

function valueText(value: string | number | Html): string {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? quoted(value) : `<${value.html}>`;
}

/** `<font …>text</font>` with the text escaped. */
export function font(text: string, style: Readonly<Record<string, string | number>>): string {
  const words = Object.entries(style).map(([name, value]) => ` ${name}="${value}"`);
  return `<font${words.join("")}>${escapeHtml(text)}</font>`;
}
