// Puts parts into the document. What is there already is kept, with its focus and its place, and only what differs is written.
import type { Part } from "./tree.ts";

const SVG = "http://www.w3.org/2000/svg";
/** What an element was made of last. */
const made = new WeakMap<Element, Part>();

/** From then on the element's children are these. */
export function show(parent: Element, parts: readonly (Part | string)[]): void {
  parts.forEach((each, index) => {
    const there = parent.childNodes[index];
    const fresh = typeof each === "string" ? asText(there, each) : asElement(parent, there, each);
    if (there === undefined) parent.append(fresh);
    else if (there !== fresh) there.replaceWith(fresh);
  });
  while (parent.childNodes.length > parts.length) parent.lastChild!.remove();
}

function asText(there: ChildNode | undefined, text: string): ChildNode {
  if (there?.nodeType !== Node.TEXT_NODE) return document.createTextNode(text);
  if (there.nodeValue !== text) there.nodeValue = text;
  return there;
}

function asElement(parent: Element, there: ChildNode | undefined, part: Part): Element {
  const known = there instanceof Element ? made.get(there) : undefined;
  const isSame = known?.name === part.name;
  const space = part.name === "svg" ? SVG : parent.namespaceURI;
  const element = isSame ? (there as Element) : document.createElementNS(space, part.name);
  const before = isSame ? known.attributes : {};
  for (const [key, value] of Object.entries(part.attributes))
    if (before[key] !== value) element.setAttribute(key, String(value));
  for (const key of Object.keys(before)) if (!(key in part.attributes)) element.removeAttribute(key);
  made.set(element, part);
  show(element, part.children);
  return element;
}
