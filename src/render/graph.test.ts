import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "../core/parse.ts";
import { compile, type Plan } from "../core/plan.ts";
import { attributes, escapeHtml, quoted } from "./dot-text.ts";
import { dot, engineFor, withFallbackFonts } from "./graph.ts";

function plan(text: string): Plan {
  const { spec, diagnostics } = parse(text, "t.yaml");
  if (spec === undefined) throw new Error(JSON.stringify(diagnostics));
  return compile(spec);
}

const example = (path: string): Plan =>
  plan(readFileSync(new URL(`../../examples/${path}`, import.meta.url), "utf8"));

/** The edges of a picture as `from>to colour style`, the way their arrow points. */
function edges(text: string): string[] {
  return [...text.matchAll(/^ {2}"(.+?)" -> "(.+?)" \[(.*)\];$/gm)].map(([, left, right, rest]) => {
    const back = rest!.includes('dir="back"');
    const colour = /color="(#\w+)"/.exec(rest!)![1];
    const style = /style="(\w+)"/.exec(rest!)?.[1] ?? "plain";
    return `${back ? `${right}>${left}` : `${left}>${right}`} ${colour} ${style}`;
  });
}

describe("a picture", () => {
  it("draws each named direction hop by hop in its own colour", () => {
    expect(edges(dot(example("three-nodes/tofro.yaml")))).toEqual([
      "a>b #332288 solid",
      "b>c #332288 solid",
      "c>a #cc3311 solid",
    ]);
  });

  it("leads a hop over its forwarder, which holds no key", () => {
    const text = dot(example("port-forward/tofro.yaml"));
    expect(edges(text)).toEqual([
      "local>hkg #332288 solid",
      "hkg>remote #332288 solid",
      "remote>local #cc3311 solid",
    ]);
    expect(text).toContain("forwarder: holds no key");
    expect(text).toContain("local -[hkg]-&gt; remote");
    expect(text).not.toContain("sees plaintext");
  });

  it("marks transits and nodes behind NAT", () => {
    const text = dot(example("three-nodes/tofro.yaml"));
    expect(text.match(/^ {2}"b" .*transit: sees plaintext/m)).not.toBeNull();
    expect(text.match(/^ {2}"a" .*behind NAT/m)).not.toBeNull();
    expect(text.match(/sees plaintext/g)).toHaveLength(1);
  });

  it("dashes measured lines and greys the tunnels that no line uses", () => {
    expect(edges(dot(example("three-nodes/measured.yaml")))).toEqual([
      "a>c #332288 dashed",
      "c>a #cc3311 dashed",
      "a>b #8a8a8a plain",
      "c>b #8a8a8a plain",
    ]);
  });

  it("draws only the tunnels of a crowd, on a circle, and says so", () => {
    const crowd = example("five-nodes/measured.yaml");
    const text = dot(crowd);
    expect(new Set(edges(text).map((edge) => edge.replace(/^\S+ /, "")))).toEqual(new Set(["#8a8a8a plain"]));
    expect(text).toContain("20 named directions are too many to draw");
    expect(text).toContain('pos="0.0,180.0"');
    expect(engineFor(crowd)).toBe("nop");
    expect(engineFor(crowd, { mostDirections: 20 })).toBe("dot");
    expect(edges(dot(crowd, { mostDirections: 20 })).filter((edge) => edge.endsWith("dashed"))).toHaveLength(
      22,
    );
  });

  it("is the same text every time", () => {
    const text = readFileSync(new URL("../../examples/five-nodes/tofro.yaml", import.meta.url), "utf8");
    expect(dot(plan(text))).toBe(dot(plan(text)));
  });

  it("has fonts to fall back on", () => {
    expect(withFallbackFonts('<text font-family="Arial">')).toBe(
      '<text font-family="Arial,Helvetica,sans-serif">',
    );
  });
});

describe("DOT text", () => {
  it("escapes", () => {
    expect(quoted('a"\\N\n')).toBe('"a\\"\\\\N\\n"');
    expect(escapeHtml('<a&"b">')).toBe("&lt;a&amp;&quot;b&quot;&gt;");
    expect(attributes({ a: 1, b: "x", c: { html: "<i>y</i>" } })).toBe(' [a=1, b="x", c=<<i>y</i>>]');
  });
});
