// `tofro init`: by flags, by questions on a real terminal, and what is refused; and that nothing rewrites the file later.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "../src/core/parse.ts";
import { firstFile, suggestedPaths } from "../src/render/first-file.ts";
import { tofro } from "./support/cli.ts";

const TOFRO = join(import.meta.dirname, "..", "tofro");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tofro-init-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

describe("init by flags", () => {
  it("writes a file that checks, and never over another", async () => {
    const nodes = ["--node", "a", "--node", "b=198.51.100.1", "--node", "c=198.51.100.2"];
    const { code, stdout } = await tofro("init", "-f", at("tofro.yaml"), ...nodes);
    expect(code).toBe(0);
    expect(readFileSync(at("tofro.yaml"), "utf8")).toBe(stdout);
    const checked = await tofro("check", "-f", at("tofro.yaml"));
    expect(checked.stdout).toMatch(/^ok +a to c +a -> b -> c /m);
    const again = await tofro("init", "-f", at("tofro.yaml"), "--node", "x", "--node", "y=192.0.2.1");
    expect(again).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("it is there already") as string,
    });
    expect(readFileSync(at("tofro.yaml"), "utf8")).toBe(stdout);
  });

  it.each([
    [["--node", "a b", "--node", "c=192.0.2.1"], "the name `a b` contains a space"],
    [["--node", "a", "--node", "b=192.0.2.1", "--path", "a -> d"], "`d`"],
    [["--node", "a", "--node", "b=192.0.2.1", "--overlay", "10.0.0.0/99"], "10.0.0.0/99"],
    [["--node", "all", "--node", "b=192.0.2.1"], "all"],
    [[], "Cannot ask: there is no terminal"],
  ])("refuses %j, and writes nothing", async (flags, message) => {
    const { code, stdout, stderr } = await tofro("init", "-f", at("tofro.yaml"), ...flags);
    expect(stderr).toContain(message);
    expect({ code, stdout, there: existsSync(at("tofro.yaml")) }).toEqual({
      code: 2,
      stdout: "",
      there: false,
    });
  });

  it("puts into quotes what YAML would read as something else", () => {
    const nodes = [
      { name: "no" },
      { name: "1e3", endpoint: "2001:db8::1" },
      { name: "true", endpoint: "192.0.2.7:500" },
    ];
    const text = firstFile({ overlay: "fd00:44::/64", nodes, paths: suggestedPaths(nodes) });
    const { spec, diagnostics } = parse(text, "tofro.yaml");
    expect(diagnostics).toEqual([]);
    expect(spec!.nodes.map(({ name, endpoint }) => [name, endpoint?.host])).toEqual([
      ["no", undefined],
      ["1e3", "2001:db8::1"],
      ["true", "192.0.2.7"],
    ]);
  });
});

/** In front of the question that waits; those that are answered have another. */
const WAITS = "◆";
/** A prompt is drawn in pieces, and reads when it stands. */
const STILL_MS = 200;

/** Answers each question when it is there; the screen at the end, and the exit code. */
async function onTerminal(answers: readonly (readonly [question: string, answer: string])[]) {
  const child = spawn("script", ["-qec", `stty cols 120 rows 40; ${TOFRO} init`, "/dev/null"], {
    cwd: folder,
  });
  const timer = setTimeout(() => child.kill(), 60_000);
  let screen = "";
  let next = 0;
  const answer = (): void => {
    const [question, text] = answers[next] ?? [];
    if (question === undefined || !screen.slice(screen.lastIndexOf(WAITS)).includes(question)) return;
    next++;
    screen = "";
    // Empties what stands there already.
    child.stdin.write(text === "" ? "\r" : `\u0015${text}\r`);
  };
  let still: NodeJS.Timeout | undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
    clearTimeout(still);
    still = setTimeout(answer, STILL_MS);
  });
  const code = await new Promise<number | null>((resolve) => void child.once("close", resolve));
  clearTimeout(timer);
  return { code, screen, asked: next };
}

describe("init by questions", () => {
  it("asks for the network, its nodes and paths", async () => {
    const { code, asked, screen } = await onTerminal([
      ["Addresses of the WireGuard network", ""],
      ["A node's name", "home"],
      ["Where others dial home", ""],
      ["A node's name", "hkg"],
      ["Where others dial hkg", "198.51.100.1"],
      ["Another node's name", "lax"],
      ["Where others dial lax", "198.51.100.2"],
      ["Another node's name", ""],
      ["A path", ""],
      ["Another path", ""],
      ["Another path", ""],
    ]);
    expect({ code, asked, screen }).toMatchObject({ code: 0, asked: 11 });
    const { spec } = parse(readFileSync(at("tofro.yaml"), "utf8"), "tofro.yaml");
    expect(spec!.paths.map(({ text }) => text)).toEqual(["home -> hkg -> lax", "lax -> home"]);
  });

  it("writes nothing when it is broken off", async () => {
    const { code, screen } = await onTerminal([["Addresses of the WireGuard network", "\u0003"]]);
    expect(screen).toContain("Nothing was written");
    expect({ code, there: existsSync(at("tofro.yaml")) }).toEqual({ code: 2, there: false });
  });
});

it("no verb rewrites the file: comments and spaces stay", async () => {
  const text = `# mine\noverlay:   10.1.0.0/24 # here\nnodes: {a: {}, b: {endpoint: 192.0.2.1}}\n\n\npaths: [ a <-> b ]   # last`;
  writeFileSync(at("tofro.yaml"), text);
  const file = ["-f", at("tofro.yaml")];
  for (const argv of [
    ["check"],
    ["show"],
    ["export", "wg-quick", "-o", at("out")],
    ["keys", "rotate"],
    ["keys", "list"],
    ["graph", "-o", at("net.svg")],
  ])
    expect((await tofro(...argv, ...file)).code).toBe(0);
  expect(readFileSync(at("tofro.yaml"), "utf8")).toBe(text);
});
