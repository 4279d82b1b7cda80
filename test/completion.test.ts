// What a shell offers behind TAB, asked of the real shells, and the manual page by the real groff.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../src/commands/run.ts";

const ROOT = join(import.meta.dirname, "..");
const FIVE = join(ROOT, "examples", "five-nodes");

async function tofro(...argv: string[]): Promise<string> {
  let said = "";
  const io = { stdout: (text: string) => void (said += text), stderr: () => undefined, colour: false };
  expect(await run(argv, io)).toBe(0);
  return said;
}

const offered = async (...words: string[]): Promise<string[]> =>
  (await tofro("complete", "--", ...words)).split("\n").filter(Boolean);

describe("what is offered", () => {
  it("is verbs, verbs of verbs, flags, nodes and files, as each may stand there", async () => {
    const verbs = await offered("");
    expect(verbs).toEqual(
      expect.arrayContaining(["check", "apply", "import", "completion", "help"]) as string[],
    );
    expect(verbs).not.toContain("complete");
    expect(await offered("keys", "")).toEqual(["list", "rotate", "encrypt", "decrypt", "help"]);
    expect(await offered("apply", "--")).toEqual(
      expect.arrayContaining(["--file", "--agent", "--no-agent", "--help"]) as string[],
    );
    const file = join(FIVE, "tofro.yaml");
    const nodes = ["home", "office", "hkg", "tyo", "lax"];
    expect(await offered("trace", "-f", file, "")).toEqual(nodes);
    expect(await offered("trace", "-f", file, "home", "")).toEqual(nodes);
    expect(await offered("trace", "-f", file, "home", "lax", "")).toEqual([]);
    expect(await offered("plan", "-f", file, "--node", "")).toEqual(nodes);
    expect(await offered("keys", "rotate", "-f", file, "tyo", "")).toEqual(nodes);
    expect(await offered("check", "-f", "")).toEqual([":files"]);
    expect(await offered("import", "")).toEqual([":files"]);
    expect(await offered("trace", "-f", "nowhere.yaml", "")).toEqual([]);
  });
});

describe.each<[string, (script: string) => string[]]>([
  [
    "bash",
    (script) => [
      "bash",
      "--norc",
      "-c",
      `${script}
compopt() { :; }
COMP_WORDS=(./tofro trace -f ${FIVE}/tofro.yaml h); COMP_CWORD=4; _tofro; echo "\${COMPREPLY[*]}"
COMP_WORDS=(./tofro sim); COMP_CWORD=1; _tofro; echo "\${COMPREPLY[*]}"
COMP_WORDS=(./tofro check -f pack); COMP_CWORD=3; _tofro; echo "\${COMPREPLY[*]}"`,
    ],
  ],
  [
    "fish",
    (script) => [
      "fish",
      "--no-config",
      "-c",
      `set -x PATH . $PATH
${script}
complete -C "tofro trace -f ${FIVE}/tofro.yaml h" | string join " "
complete -C "tofro sim" | string join " "
complete -C "tofro check -f pack" | string join " "`,
    ],
  ],
  [
    "zsh",
    (script) => [
      "zsh",
      "-f",
      "-c",
      `compdef() { :; }; compadd() { shift 2; print -r -- \${(M)said:#\${prefix}*}; }; _files() { print -r -- pack*; }
${script}
prefix=h; words=(./tofro trace -f ${FIVE}/tofro.yaml h); CURRENT=5; _tofro
prefix=sim; words=(./tofro sim); CURRENT=2; _tofro
prefix=pack; words=(./tofro check -f pack); CURRENT=4; _tofro`,
    ],
  ],
])("completion in %s", (shell, argvOf) => {
  it("offers what fits", async () => {
    const [command = "", ...rest] = argvOf(await tofro("completion", shell));
    const [nodes, verbs, files] = execFileSync(command, rest, { cwd: ROOT, encoding: "utf8" }).split("\n");
    expect(nodes!.split(" ").sort()).toEqual(["hkg", "home"]);
    expect(verbs).toBe("simulate");
    expect(files!.split(" ").sort()).toEqual(["package-lock.json", "package.json"]);
  });
});

describe("the manual page", () => {
  it("has every verb with its flags, and groff finds nothing wrong with it", async () => {
    const page = await tofro("man");
    const text = execFileSync("groff", ["-man", "-ww", "-Tascii", "-P-c", "-P-b", "-P-u", "-rLL=200n"], {
      input: page,
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
    });
    for (const verb of await offered(""))
      if (!["help", "lab", "keys", "export"].includes(verb)) expect(text).toContain(`tofro ${verb}`);
    expect(text).toContain("tofro lab up <lab-file>");
    expect(text).toContain("--no-agent");
    expect(text).toMatch(/^ +3 +checked and found wanting$/m);
    expect(text).not.toContain("tofro complete ");
  });

  it("makes groff say nothing", async () => {
    const page = await tofro("man");
    const said = execFileSync("sh", ["-c", "groff -man -ww -z -Tutf8 2>&1"], {
      input: page,
      encoding: "utf8",
    });
    expect(said).toBe("");
  });
});
