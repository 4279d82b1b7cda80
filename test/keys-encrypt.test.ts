// Encrypted secrets as a user has them: which verbs need them opened, how they are opened, and that they stay encrypted.
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tofro as inProcess, type Outcome } from "./support/cli.ts";

const ROOT = join(import.meta.dirname, "..");
const ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----\n";

let folder: string;
const path = (name: string): string => join(folder, name);
const text = (name: string): string => readFileSync(path(name), "utf8");
const put = (name: string, content: string, mode = 0o600): void =>
  writeFileSync(path(name), content, { mode });
const tofro = (...argv: string[]): Promise<Outcome> => inProcess(...argv, "-f", path("tofro.yaml"));
const set = (variables: Record<string, string | undefined>): void => {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
};

const before = { HOME: process.env["HOME"], TOFRO_IDENTITY: undefined, TOFRO_PASSPHRASE_FILE: undefined };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tofro-encrypt-"));
  cpSync(join(ROOT, "examples", "three-nodes", "tofro.yaml"), path("tofro.yaml"));
  set({ HOME: folder });
});
afterEach(() => {
  set(before);
  rmSync(folder, { recursive: true, force: true });
});

function sshKey(name: string, passphrase = ""): string {
  mkdirSync(path(".ssh"), { recursive: true, mode: 0o700 });
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", "me@here", "-f", path(name)]);
  return text(`${name}.pub`).trim();
}

/** As age itself sees the file. */
const content = (identity: string): string =>
  execFileSync("age", ["--decrypt", "--identity", path(identity), path("tofro.secrets")]).toString();

describe("to SSH keys and age's own", () => {
  it("stays encrypted to all of them, whoever writes", async () => {
    const mine = sshKey(".ssh/id_ed25519");
    execFileSync("age-keygen", ["-o", path("age.key")], { stdio: "pipe" });
    const [, theirs = ""] = /public key: (age1\S+)/.exec(text("age.key")) ?? [];
    put("recipients", `# all of us\n\n${theirs}\n`);
    const done = await tofro("keys", "encrypt", "--recipient", mine, "-R", path("recipients"), "--json");
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(done.stdout)).toEqual({ file: path("tofro.secrets"), encryptedTo: [mine, theirs] });
    expect({
      head: text("tofro.secrets").slice(0, ARMOR.length),
      mode: statSync(path("tofro.secrets")).mode & 0o777,
    }).toEqual({
      head: ARMOR,
      mode: 0o600,
    });
    // Each of the two opens it, and after a write of the other still does.
    const first = content(".ssh/id_ed25519");
    expect(first).toMatch(/private_keys:\n {2}a: /);
    set({ TOFRO_IDENTITY: path("age.key") });
    expect(await tofro("keys", "rotate", "a")).toMatchObject({ code: 0 });
    set({ TOFRO_IDENTITY: undefined });
    expect(content(".ssh/id_ed25519")).toBe(content("age.key"));
    expect(content("age.key")).not.toBe(first);

    // Nothing to write: the file stays as it is, byte for byte.
    const sealed = text("tofro.secrets");
    expect(await tofro("export", "wg-quick", "-o", path("out"))).toMatchObject({ code: 0 });
    expect(text("tofro.secrets")).toBe(sealed);
    expect(readFileSync(path("out/a/wg-b.conf"), "utf8")).toMatch(/^PrivateKey = \S{44}$/m);

    expect(await tofro("keys", "decrypt")).toMatchObject({ code: 0 });
    expect(text("tofro.secrets")).toMatch(/^# Private[^\n]*\nprivate_keys:\n/);
    expect(await tofro("keys", "rotate", "a")).toMatchObject({ code: 0 });
    expect(text("tofro.secrets")).toMatch(/^# Private/);
  });

  it("needs nobody for what reads no key, and changes nothing for whom it is not", async () => {
    const theirs = sshKey("theirs");
    const made = await tofro("keys", "encrypt", "--recipient", theirs);
    expect(made).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("none of your identities here opens it"),
    });
    // Encrypted, it may lie about.
    chmodSync(path("tofro.secrets"), 0o644);
    const files = ["tofro.secrets", "tofro.lock"].map(text);
    for (const verb of [["check"], ["show"], ["show", "--json"], ["graph"], ["schema"]]) {
      const run = verb[0] === "schema" ? await inProcess("schema") : await tofro(...verb);
      expect({ verb, ...run }).toMatchObject({ verb, code: 0, stderr: "" });
    }
    expect((await tofro("keys", "list")).stdout).toMatch(/^a {2}\S{44} {2}\S+tofro.secrets \(encrypted\)$/m);
    const verbs = [
      ["export", "wg-quick"],
      ["keys", "rotate"],
      ["keys", "decrypt"],
      ["plan", "--node", "a"],
      ["apply", "--node", "a"],
    ];
    for (const verb of verbs) {
      const run = await tofro(...verb);
      expect({ verb, ...run }).toMatchObject({
        verb,
        code: 2,
        stderr: expect.stringContaining("TOFRO_IDENTITY"),
      });
    }
    expect(["tofro.secrets", "tofro.lock"].map(text)).toEqual(files);
  });

  it("does not guess to whom a file is that age encrypted without us", async () => {
    const mine = sshKey(".ssh/id_ed25519");
    await tofro("export", "wg-quick", "-o", path("out"));
    const plain = text("tofro.secrets");
    put(
      "tofro.secrets",
      execFileSync("age", ["--encrypt", "--armor", "--recipient", mine], { input: plain }).toString(),
    );
    expect(await tofro("export", "wg-quick", "-o", path("out"))).toMatchObject({ code: 0 });
    const sealed = text("tofro.secrets");
    expect(await tofro("keys", "rotate")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("tofro keys encrypt --recipient"),
    });
    expect(text("tofro.secrets")).toBe(sealed);
    expect(await tofro("keys", "encrypt", "--recipient", mine)).toMatchObject({ code: 0 });
    expect(await tofro("keys", "rotate")).toMatchObject({ code: 0 });
  });

  it("refuses what it cannot mean", async () => {
    sshKey(".ssh/id_ed25519");
    put("open", "AGE-SECRET-KEY-1\n");
    chmodSync(path("open"), 0o644);
    const cases: [string[], string][] = [
      [["encrypt"], "Say to whom"],
      [["encrypt", "--passphrase", "--recipient", "age1x"], "Say to whom"],
      [["encrypt", "--recipient", "age1x"], '"age1x" is no recipient'],
      [["encrypt", "-R", path("nope")], `There is no file ${path("nope")}`],
      [["encrypt", "-R", path("tofro.yaml")], "is no recipient"],
    ];
    for (const [argv, message] of cases) {
      const run = await tofro("keys", ...argv);
      expect({ argv, ...run }).toMatchObject({ argv, code: 2, stderr: expect.stringContaining(message) });
    }
    expect(readdirSync(folder).sort()).toEqual([".ssh", "open", "tofro.yaml"]);
    await tofro("keys", "encrypt", "--recipient", text(".ssh/id_ed25519.pub"));
    set({ TOFRO_IDENTITY: path("open") });
    expect(await tofro("keys", "rotate")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Others may read"),
    });
    set({ TOFRO_IDENTITY: path("gone") });
    expect(await tofro("keys", "rotate")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("There is no file"),
    });
  });
});

describe("to a passphrase", () => {
  it("is taken from a file; a wrong one changes nothing", async () => {
    put("passphrase", "correct horse\n");
    set({ TOFRO_PASSPHRASE_FILE: path("passphrase") });
    expect(await tofro("keys", "encrypt", "--passphrase")).toMatchObject({ code: 0 });
    const files = ["tofro.secrets", "tofro.lock"].map(text);
    put("passphrase", "battery staple\n");
    expect(await tofro("keys", "rotate")).toMatchObject({
      code: 2,
      stderr: `tofro: Cannot open ${path("tofro.secrets")}: the passphrase is wrong\n`,
    });
    expect(["tofro.secrets", "tofro.lock"].map(text)).toEqual(files);
    put("passphrase", "correct horse\n");
    expect(await tofro("keys", "rotate", "a")).toMatchObject({ code: 0 });
    expect(text("tofro.secrets").startsWith(ARMOR)).toBe(true);
    expect(text("tofro.secrets")).not.toBe(files[0]);
    expect(await tofro("keys", "decrypt")).toMatchObject({ code: 0 });
  });

  it("is asked for on the terminal, without echo; so is that of an SSH key, by age", async () => {
    const argv = [join(ROOT, "src", "main.ts"), "keys", "encrypt", "-f", path("tofro.yaml"), "--passphrase"];
    const asked = await onTerminal(argv, [
      ["New passphrase: ", "correct horse"],
      ["The same again: ", "correct horse"],
    ]);
    expect(asked).toMatchObject({ code: 0, output: expect.stringContaining("encrypted to a passphrase") });
    expect(asked.output).not.toContain("horse");

    const mine = sshKey(".ssh/id_ed25519", "quiet words");
    const again = [...argv.slice(0, -1), "--recipient", mine];
    expect(
      await onTerminal(again, [[`Passphrase of ${path("tofro.secrets")}: `, "correct horse"]]),
    ).toMatchObject({
      code: 0,
      output: expect.stringContaining("encrypted to 1 recipient"),
    });
    const rotate = [argv[0]!, "keys", "rotate", "-f", path("tofro.yaml")];
    const rotated = await onTerminal(rotate, [[/[Ee]nter passphrase for [^\n]*: /, "quiet words"]]);
    expect(rotated).toMatchObject({ code: 0, output: expect.stringContaining("new keys: a, b, c") });
    expect(rotated.output).not.toContain("quiet");
  });
});

/** Runs tofro on a pseudo terminal, and answers each question as it comes. */
async function onTerminal(
  argv: readonly string[],
  answers: readonly (readonly [string | RegExp, string])[],
): Promise<{ code: number; output: string }> {
  const command = [process.execPath, ...argv].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    stdio: "pipe",
  });
  const { promise, resolve } = Promise.withResolvers<number>();
  child.on("close", (code) => resolve(code ?? 128));
  let output = "";
  let seen = 0;
  const left = [...answers];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
    const [next] = left;
    const rest = output.slice(seen);
    if (next === undefined || rest.search(next[0]) === -1) return;
    seen = output.length;
    left.shift();
    // The question comes a moment before echo is off.
    setTimeout(() => child.stdin.write(`${next[1]}\r`), 300);
  });
  return { code: await promise, output };
}
