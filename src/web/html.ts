// Parts of the page as text, for a file that nobody serves.
import type { Part } from "../../web/tree.ts";

/** Those of HTML that have no end of their own. */
const VOID = new Set(["meta", "br", "input", "link"]);

export function html(each: Part | string): string {
  if (typeof each === "string") return escaped(each);
  const attributes = Object.entries(each.attributes).map(
    ([key, value]) => ` ${key}="${escaped(String(value))}"`,
  );
  const head = `<${each.name}${attributes.join("")}>`;
  return VOID.has(each.name) ? head : `${head}${each.children.map(html).join("")}</${each.name}>`;
}

/** For text as well as for values in double quotes. */
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
