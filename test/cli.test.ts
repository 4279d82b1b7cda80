// The command line as a user types it: exit codes, messages, what is written and what is not.
import { execFile } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
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

const ROOT = join(import.meta.dirname, "..");
const TOFRO = join(ROOT, "tofro");

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tofro-cli-"));
  cpSync(join(ROOT, "examples", "three-nodes", "tofro.yaml"), join(folder, "tofro.yaml"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (argv: readonly string[], env: Record<string, string> = {}): Promise<Run> =>
  new Promise((resolve) => {
    const [command = "", ...rest] = argv;
    execFile(command, rest, { cwd: folder, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });

const tofro = (...argv: string[]): Promise<Run> => run([TOFRO, ...argv]);
const write = (text: string, name = "tofro.yaml"): void => writeFileSync(join(folder, name), text);

describe("arguments", () => {
  it.each([
    [["nope"], "unknown command 'nope'"],
    [["check", "--nope"], "unknown option '--nope'"],
    [["check", "-f"], "argument missing"],
    [["export", "nope"], "unknown command 'nope'"],
    [["lab", "up"], "missing required argument"],
    [["check", "--lab", "nope"], 'Cannot find lab "nope"'],
    [["check", "-f", "nope.yaml"], "no network file nope.yaml"],
    [["check", "-f", "."], "it is a directory"],
  ])("%s: exit 2", async (argv, message) => {
    const { code, stdout, stderr } = await tofro(...argv);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("help goes to stdout, exit 0", async () => {
    const { code, stdout } = await tofro("--help");
    expect(code).toBe(0);
    for (const verb of ["check", "show", "export", "graph", "schema", "lab"]) expect(stdout).toContain(verb);
  });
});

describe("check", () => {
  it("says where everything goes, and writes nothing", async () => {
    const { code, stdout, stderr } = await tofro("check");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("a -> b -> c");
    expect(readdirSync(folder)).toEqual(["tofro.yaml"]);
  });

  it("prints the documented JSON", async () => {
    const { code, stdout } = await tofro("check", "--json");
    expect(code).toBe(0);
    const { ok, diagnostics, directions } = JSON.parse(stdout);
    expect({ ok, diagnostics }).toEqual({ ok: true, diagnostics: [] });
    expect(directions).toContainEqual({
      from: "a",
      to: "c",
      path: ["a", "b", "c"],
      tunnels: ["a - b", "b - c"],
      mtu: 1420,
    });
  });

  it("reports every mistake at its place, exit 2", async () => {
    write(
      "overlay: 10.0.0.0/24\nnodes:\n  a: {}\n  b: { endpoint: 198.51.100.1:99999 }\npaths:\n  - a -> hgk\n  - a -> b -> a\n",
    );
    const { code, stdout, stderr } = await tofro("check");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^tofro\.yaml:4:\d+: error: .*99999/m);
    expect(stderr).toMatch(/^tofro\.yaml:6:10: error: there is no node `hgk`/m);
    expect(stderr).toMatch(/^tofro\.yaml:7:\d+: error: /m);
    const json = await tofro("check", "--json");
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, directions: [] });
  });

  it("refuses an empty file, a huge file and a folder of keys that others may read", async () => {
    write("");
    expect(await tofro("check")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("tofro.yaml:1:1: error: the file is empty"),
    });
    write(`# ${"x".repeat(5 * 1024 * 1024)}\n`);
    expect(await tofro("check")).toMatchObject({ code: 2, stderr: expect.stringContaining("MiB") });
  });
});

/** Beside wg-quick. */
const TARGETS = ["shell", "networkd", "openwrt", "routeros"];

describe("export", () => {
  it("writes keys and files for their owner alone, and again the same", async () => {
    const first = await tofro("export", "wg-quick", "-o", "out");
    expect(first.code).toBe(0);
    const files = ["a/wg-b.conf", "a/wg-c.conf", "b/wg-a.conf", "b/wg-c.conf", "c/wg-a.conf", "c/wg-b.conf"];
    const texts = files.map((file) => readFileSync(join(folder, "out", file), "utf8"));
    for (const file of [...files.map((each) => `out/${each}`), "tofro.secrets"]) {
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    }
    expect((await tofro("export", "wg-quick", "-o", "out")).code).toBe(0);
    expect(files.map((file) => readFileSync(join(folder, "out", file), "utf8"))).toEqual(texts);
    expect(readdirSync(folder).sort()).toEqual(["out", "tofro.lock", "tofro.secrets", "tofro.yaml"]);
  });

  it("never prints a key", async () => {
    const runs = [
      await tofro("export", "wg-quick", "--json"),
      await tofro("show"),
      await tofro("show", "--json"),
      await tofro("graph"),
      await tofro("check", "--json"),
    ];
    const keys = readFileSync(join(folder, "tofro.secrets"), "utf8").match(/[A-Za-z0-9+/]{43}=/g)!;
    expect(keys.length).toBe(6);
    for (const { code, stdout, stderr } of runs) {
      expect(code).toBe(0);
      for (const key of keys) expect(stdout + stderr).not.toContain(key);
    }
    write(`${readFileSync(join(folder, "tofro.secrets"), "utf8")}  oops\n`, "tofro.secrets");
    const broken = await tofro("check");
    expect(broken.code).toBe(2);
    expect(broken.stderr).toContain("tofro.secrets:");
    for (const key of keys) expect(broken.stderr).not.toContain(key);
  });

  it("removes its own files of a tunnel that is gone, and nobody else's", async () => {
    await tofro("export", "wg-quick", "-o", "out");
    writeFileSync(join(folder, "out", "a", "mine.conf"), "[Interface]\n");
    write(readFileSync(join(folder, "tofro.yaml"), "utf8").replace("  - c -> a\n", "  - c -> b -> a\n"));
    const { stderr } = await tofro("export", "wg-quick", "-o", "out");
    expect(stderr).toContain("removed out/a/wg-c.conf");
    expect(readdirSync(join(folder, "out", "a")).sort()).toEqual(["mine.conf", "wg-b.conf"]);
  });

  it.each(TARGETS)("writes %s for their owner alone, again the same, and prints no key", async (target) => {
    const first = await tofro("export", target, "--json");
    expect(first.code).toBe(0);
    const { files } = JSON.parse(first.stdout) as { files: { node: string; path: string }[] };
    expect(new Set(files.map(({ node }) => node))).toEqual(new Set(["a", "b", "c"]));
    const texts = files.map(({ path }) => readFileSync(join(folder, path), "utf8"));
    for (const { path } of files) expect(statSync(join(folder, path)).mode & 0o777).toBe(0o600);
    const again = await tofro("export", target);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("nothing changed\n") });
    expect(files.map(({ path }) => readFileSync(join(folder, path), "utf8"))).toEqual(texts);
    const secrets = readFileSync(join(folder, "tofro.secrets"), "utf8");
    const keys = secrets.match(/[A-Za-z0-9+/]{43}=/g)!;
    for (const key of keys) {
      expect(texts.join("")).toContain(key);
      for (const { stdout, stderr } of [first, again]) expect(stdout + stderr).not.toContain(key);
    }
  });

  it("makes no new key for a node whose key is lost", async () => {
    await tofro("export", "wg-quick");
    rmSync(join(folder, "tofro.secrets"));
    const { code, stderr } = await tofro("export", "wg-quick");
    expect(code).toBe(2);
    expect(stderr).toContain("restore tofro.secrets");
    expect(existsSync(join(folder, "tofro.secrets"))).toBe(false);
  });

  it("refuses secrets that others may read", async () => {
    await tofro("export", "wg-quick");
    chmodSync(join(folder, "tofro.secrets"), 0o644);
    const { code, stderr } = await tofro("show");
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("chmod 600 tofro.secrets") });
  });

  it("says why it cannot write, and leaves no half file", async () => {
    writeFileSync(join(folder, "out"), "a file where the folder should be");
    const { code, stderr } = await tofro("export", "wg-quick", "-o", "out");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("Cannot write out/a/wg-b.conf"),
    });
    expect(readFileSync(join(folder, "out"), "utf8")).toContain("a file");
  });
});

describe("graph and schema", () => {
  it("draws an SVG", async () => {
    const { code, stdout } = await tofro("graph");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<\?xml[\s\S]*<svg[\s\S]*<\/svg>\s*$/);
  });

  it("prints a JSON Schema", async () => {
    const { stdout } = await tofro("schema");
    expect(Object.keys(JSON.parse(stdout).properties)).toEqual(
      expect.arrayContaining(["overlay", "nodes", "forwarders", "paths", "isolate"]),
    );
  });
});

describe("a machine that cannot", () => {
  const lab = join(ROOT, "examples", "three-nodes", "lab.yaml");
  const upOf = ["lab", "up", "--name", `cli-${process.pid}`, "--bare", lab];
  const oneLine = (code: number, message: string) => ({
    code,
    stdout: "",
    stderr: expect.stringMatching(new RegExp(`^tofro: [^\n]*${message}[^\n]*\n$`)),
  });

  it("not root", async () => {
    // Without permission to look into the project a user could not even start it.
    const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    expect(await run([...asNobody, TOFRO, ...upOf])).toEqual(oneLine(2, "needs root"));
    expect(await run([...asNobody, "sh", join(ROOT, "scripts", "demo")])).toEqual(oneLine(2, "needs root"));
  });

  it("no namespaces", async () => {
    const without =
      'for each in net pid mnt uts; do echo 0 >/proc/sys/user/max_${each}_namespaces; done; exec "$@"';
    const start = ["unshare", "--user", "--map-root-user", "sh", "-c", without, "sh"];
    expect(await run([...start, TOFRO, ...upOf])).toEqual(oneLine(2, "namespaces"));
    expect(await run([...start, "sh", join(ROOT, "scripts", "demo")])).toEqual(oneLine(2, "namespaces"));
  });

  it("no TUN", async () => {
    const without = 'mount -t tmpfs none /dev/net && exec "$@"';
    const start = ["unshare", "--mount", "sh", "-c", without, "sh"];
    const userspace = ["--wireguard", "userspace", "--impair", "wirefilter"];
    expect(await run([...start, TOFRO, ...upOf, ...userspace])).toEqual(oneLine(2, "/dev/net/tun"));
    expect(await run([...start, "sh", join(ROOT, "scripts", "demo")])).toEqual(oneLine(2, "/dev/net/tun"));
  });

  it("not Linux", async () => {
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin", "uname"), "#!/bin/sh\necho Darwin\n", { mode: 0o755 });
    const env = { PATH: `${join(folder, "bin")}:${process.env["PATH"]}` };
    expect(await run(["sh", join(ROOT, "scripts", "demo")], env)).toEqual(oneLine(2, "needs Linux"));
  });
});

describe("lint and import", () => {
  const HANDMADE = join(ROOT, "examples", "handmade");

  it("says what is wrong with other people's files, by place, and as JSON", async () => {
    const { code, stdout } = await tofro("lint", HANDMADE);
    expect(code).toBe(3);
    expect(stdout).toContain("  a -> b -> c\n");
    expect(stdout).toMatch(/c\/routes\.sh:2:1: error: a reaches c, and no answer comes back/);
    const { findings } = JSON.parse((await tofro("lint", HANDMADE, "--json")).stdout) as {
      findings: { code: string }[];
    };
    expect(findings.map((each) => each.code)).toContain("address-apart");
  });

  it("writes a network that checks, keys for its owner alone, and nothing twice", async () => {
    const done = await tofro("import", HANDMADE, "-f", "mine.yaml");
    expect(done.code).toBe(0);
    expect(statSync(join(folder, "mine.secrets")).mode & 0o777).toBe(0o600);
    const checked = await tofro("check", "-f", "mine.yaml");
    expect(checked.stdout).toMatch(/^ok +a to c +a -> b -> c /m);
    expect(checked.code).toBe(0);
    const before = readFileSync(join(folder, "mine.secrets"), "utf8");
    const again = await tofro("import", HANDMADE, "-f", "mine.yaml");
    expect(again).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("it is there already") as string,
    });
    expect(readFileSync(join(folder, "mine.secrets"), "utf8")).toBe(before);
    for (const key of before.match(/[\w+/]{43}=/g)!) expect(done.stdout + done.stderr).not.toContain(key);
  });

  it("reads what `wg` and `ip` print, whatever the files are called, and no left-overs", async () => {
    const keys = [
      "sNiNmDBldHTp7GxfEzkBLZodkYDyAb2HxRFWVNL4DXw=",
      "QOHh4DQIibThHRp4RKhmKwG72P/EXeL/50kDnJW9YF0=",
    ];
    const shown = [
      "DuYOwLmlLZcEnkR/10WhjsW8WbWjeeAwlyY1XFzp5X0=",
      "U9iZDkJqmeivwra3JpB71PlnNAxdGJOBiPmFkQN0dR0=",
    ];
    for (const [index, name] of ["a", "b"].entries()) {
      const own = join(folder, "live", name);
      mkdirSync(own, { recursive: true });
      const other = 2 - index;
      writeFileSync(
        join(own, "wg.dump"),
        `wg0\t${keys[index]}\t${shown[index]}\t51820\toff\nwg0\t${shown[1 - index]}\t(none)\t198.51.100.${other}:51820\t10.0.0.${other}/32\t0\t0\t0\toff\n`,
      );
      writeFileSync(join(own, "wg.dump.bak"), "wg1\t(hidden)\t(none)\t\n");
      writeFileSync(join(own, "ip.addresses"), `2: wg0    inet 10.0.0.${index + 1}/32 scope global wg0\n`);
    }
    const { code, stderr, stdout } = await tofro("import", "live", "-f", "live.yaml");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("a <-> b") as string });
    for (const key of keys) {
      expect(readFileSync(join(folder, "live.secrets"), "utf8")).toContain(key);
      expect(stdout + stderr).not.toContain(key);
    }
  });

  it.each([
    [["import", "nowhere"], "Cannot read the folder nowhere: ENOENT"],
    [["lint", "empty"], "Cannot find a wg-quick file (*.conf) in empty"],
    [["import", "binary"], "binary/wg0.conf:1:1: error: it is not UTF-8 text"],
    [["lint", "broken"], "broken/wg0.conf:2:14: error: PrivateKey is no key"],
    [["import", "broken"], "broken/wg0.conf:3:1: error: [Interface] has no `Adress`"],
    [["import", "cut"], "cut/live.dump:1:1: error: this is neither an interface's line of `wg show`"],
    [["lint", "addresses"], "Cannot find a wg-quick file (*.conf) in addresses, nor an output of `wg`"],
  ])("%s: exit 2, and nothing is written", async (argv, message) => {
    for (const name of ["empty", "binary", "broken", "cut", "addresses"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "cut", "live.dump"), "wg0\t(hidden)\t(none)\t51820\toff\toff\n");
    writeFileSync(join(folder, "addresses", "a.txt"), "2: wg0    inet 10.0.0.1/32 scope global wg0\n");
    writeFileSync(join(folder, "binary", "wg0.conf"), Buffer.from([0x5b, 0xff, 0xfe, 0x00]));
    writeFileSync(join(folder, "broken", "wg0.conf"), "[Interface]\nPrivateKey = x\nAdress = 1.2.3.4\n");
    const before = readdirSync(folder).sort();
    const { code, stdout, stderr } = await tofro(
      ...argv,
      ...(argv[0] === "import" ? ["-f", "new.yaml"] : []),
    );
    expect(stderr).toContain(message);
    expect({ code, stdout, files: readdirSync(folder).sort() }).toEqual({
      code: 2,
      stdout: "",
      files: before,
    });
  });
});
