import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { graphCommand } from "./graph.ts";
import type { Io } from "./io.ts";

const FILE = new URL("../../examples/three-nodes/tofro.yaml", import.meta.url).pathname;

async function run(...argv: string[]): Promise<string> {
  let out = "";
  const io: Io = {
    stdout: (text) => {
      out += text;
    },
    stderr: () => {},
    exit: () => {},
    colour: false,
  };
  await graphCommand(io).parseAsync(argv, { from: "user" });
  return out;
}

it("writes the same SVG to stdout, to a file and into JSON", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tofro-graph-"));
  try {
    const svg = await run("-f", FILE);
    expect(svg).toMatch(/^<\?xml[^]*<svg [^]*sees plaintext[^]*<\/svg>\n$/);
    const target = join(folder, "deep", "x.svg");
    expect(await run("-f", FILE, "-o", target)).toBe("");
    expect(await readFile(target, "utf8")).toBe(svg);
    expect(JSON.parse(await run("-f", FILE, "--json"))).toEqual({
      dot: expect.stringMatching(/^digraph tofro/) as unknown,
      svg,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
