import { expect, it } from "vitest";
import { run } from "../linux/command.ts";
import { wgShowAll } from "./wg-show.ts";

const show = async (what: string, printed: string): Promise<string> =>
  (await run(["sh", "-c", `wg() { printf '${printed}'; }\n${wgShowAll(what)}\necho '== end'`])).stdout;

it("keeps the lines of others apart from an interface without a peer, wherever that stands", async () => {
  const [a, b] = ["wg-a\tAAA=\t198.51.100.1:51820", "wg-b\tBBB=\t(none)"];
  for (const printed of [`${a}\\n${b}\\n`, `wg-0\\twg-1\\t${a}\\n${b}\\n`, `${a}\\nwg-0\\t${b}\\nwg-z\\t`])
    expect(await show("endpoints", printed)).toBe(`${a}\n${b}\n== end\n`);
  expect(await show("endpoints", "wg-0\\t")).toBe("== end\n");
  expect(await show("listen-port", "wg-a\\t51820\\n")).toBe("wg-a\t51820\n== end\n");
});
