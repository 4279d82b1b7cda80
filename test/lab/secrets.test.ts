// A whole life of a network, with everything that can go wrong in it, and every place where a key could have leaked to.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Host } from "../../src/linux/command.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { BRIEF, PATIENCE, PATIENT } from "../support/patience.ts";

/** Verbs whose output no machine has a part in: where it shall be brief, other runs show that. */
const TEXTS = [
  ["check"],
  ["show"],
  ["show", "--json"],
  ["graph"],
  ["keys", "list"],
  ["keys", "list", "--json"],
];

const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts");

//  a ──> b ──> c    a's key never leaves a; b's and c's are in tofro.secrets.
//  ^───────────┘
const NETWORK = `overlay: 10.68.0.0/24
nodes:
  a: { public_key: node }
  b: { endpoint: 198.51.100.2 }
  c: { endpoint: 198.51.100.3 }
paths:
  - a -> b -> c
  - c -> a
`;

/** Commands that get keys, each with all its arguments in a log; on `loud` hosts they also say what the files hold, and fail. */
const RECORDER = `mkdir -m 700 /run/recorder
for each in wg ip nft sysctl; do
  cp $(command -v $each) /run/recorder/$each
  cat >/run/recorder/$each.sh <<'END'
#!/bin/sh
name=\${0##*/}
for word in "$@"; do echo "$name: $word" >>/run/recorder/argv; done
if [ -e /run/recorder/loud ] && [ "$name $1" = "wg set" ]; then
  for word in "$@"; do [ ! -f "$word" ] || cat "$word" >&2; done
  exit 1
fi
exec /run/recorder/$name "$@"
END
  chmod 755 /run/recorder/$each.sh
  mount --bind /run/recorder/$each.sh $(command -v $each)
done`;
/** A shell that repeats all it reads and does. */
const NOISY_SHELL = `cp /usr/bin/dash /run/recorder/dash
printf '#!/run/recorder/dash\\nexec /run/recorder/dash -vx "$@"\\n' >/run/recorder/dash.sh
chmod 755 /run/recorder/dash.sh; mount --bind /run/recorder/dash.sh /usr/bin/dash`;
/** What others may read, and all logs, of what was written since. */
const READABLE = `find /tmp /run /etc -type f -newer /run/marker \\( -perm /044 -o -name '*.log' \\) -size -4096k 2>/dev/null |
  grep -v /run/recorder/ | while read each; do echo "== $each"; cat "$each"; done; cat /run/recorder/argv; exit 0`;

const sh = async (host: Host, script: string): Promise<string> =>
  (await host.run(["/bin/sh", "-ec", script], { timeoutMs: 30_000 * PATIENCE })).stdout;

/** Where something was seen, and what. */
type Sightings = [where: string, text: string][];

class Life {
  readonly seen: Sightings = [];
  readonly keys = new Set<string>();
  readonly #argv = new Set<string>();
  readonly #lab: TestLab;
  readonly #folder: string;

  constructor(lab: TestLab, folder: string) {
    this.#lab = lab;
    this.#folder = folder;
  }

  /** Runs tofro as a user does, while all processes of this machine and of the lab's hosts are watched. */
  async tofro(code: number, ...argv: string[]): Promise<string> {
    const watch = setInterval(() => this.#watchProcesses(), 5 * PATIENCE);
    const run = await output([process.execPath, MAIN, ...argv], this.#folder);
    clearInterval(watch);
    this.seen.push([`tofro ${argv.join(" ")}`, run.text]);
    expect({ argv, code: run.code, text: run.text }).toEqual({ argv, code, text: run.text });
    await this.learn();
    return run.text;
  }

  #watchProcesses(): void {
    for (const entry of readdirSync("/proc")) {
      if (/^\d+$/.test(entry)) this.#argv.add(readOr(`/proc/${entry}/cmdline`));
    }
  }

  /** Every key that there is now, in base64 as `wg` has it and in hex as wireguard-go's socket has it. */
  async learn(): Promise<void> {
    const own = await sh(await this.#lab.host("a"), "cat /etc/tofro/private.key 2>/dev/null || true");
    const text = readOr(join(this.#folder, "tofro.secrets")) + own;
    for (const [key] of text.matchAll(/[A-Za-z0-9+/]{43}=/g)) {
      this.keys.add(key);
      this.keys.add(Buffer.from(key, "base64").toString("hex"));
    }
  }

  async leaks(): Promise<string[]> {
    for (const node of ["a", "b", "c"]) {
      this.seen.push([`files of ${node}`, await sh(await this.#lab.host(node), READABLE)]);
    }
    for (const each of ["tofro.lock", "tofro.yaml"]) this.seen.push([each, readOr(join(this.#folder, each))]);
    this.seen.push(["argv", [...this.#argv].join("\n")]);
    return this.seen.flatMap(([where, text]) =>
      [...this.keys]
        .map((key) => text.indexOf(key))
        .filter((found) => found !== -1)
        .map((found) => `${where}: ... ${text.slice(Math.max(0, found - 200), found + 50)}`),
    );
  }
}

const readOr = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

async function output(argv: readonly string[], cwd: string): Promise<{ code: number; text: string }> {
  const [command = "", ...rest] = argv;
  const child = spawn(command, rest, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  }
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on("error", reject).on("close", (code) => resolve(code ?? 128));
  return { code: await promise, text };
}

describe("private and preshared keys", () => {
  it(
    "occur nowhere but in files that their owner alone can read",
    async () => {
      await withLab(NETWORK, { bare: true }, async (lab, folder) => {
        const [b, c] = [await lab.host("b"), await lab.host("c")];
        for (const node of ["a", "b", "c"]) {
          await sh(await lab.host(node), `${RECORDER}\ntouch -d '1 second ago' /run/marker`);
        }
        const life = new Life(lab, folder);
        const at = ["--lab", lab.name];

        await life.tofro(3, "plan", ...at);
        await life.tofro(0, "apply", ...PATIENT, ...at);
        await life.tofro(0, "apply", ...PATIENT, "--json", ...at);
        await life.tofro(0, "export", "wg-quick", "-o", "out");
        if (!BRIEF) await life.tofro(0, "export", "wg-quick", "-o", "out", "--json");
        for (const file of ["out/b/wg-a.conf", "tofro.secrets"]) {
          expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
        }
        for (const verb of BRIEF ? [] : TEXTS) await life.tofro(0, ...verb);
        await life.tofro(0, "plan", "--json", ...at);
        for (const json of BRIEF ? [[]] : [[], ["--json"]]) {
          const { text } = await output([process.execPath, MAIN, "doctor", ...json, ...at], folder);
          life.seen.push(["doctor", text]);
        }
        await life.tofro(0, "keys", "rotate", ...at);
        await life.tofro(3, "plan", ...at);

        // A command that fails and says all it knows, in a shell that repeats all it is told.
        await sh(c, `${NOISY_SHELL}; touch /run/recorder/loud`);
        const failed = await life.tofro(1, "apply", ...PATIENT, ...at);
        expect(failed).toContain("(secret)");
        await sh(c, "umount /usr/bin/dash; rm /run/recorder/loud");
        await sh(b, NOISY_SHELL);
        await life.tofro(0, "apply", ...PATIENT, ...at);
        await sh(b, "umount /usr/bin/dash");

        // Files with mistakes beside keys.
        const secrets = readFileSync(join(folder, "tofro.secrets"), "utf8");
        const broken = [
          `${secrets}  oops\n`,
          secrets.replace("=\n", "\n"),
          secrets.replace("private_keys", "privat_keys"),
        ];
        for (const text of BRIEF ? broken.slice(0, 1) : broken) {
          writeFileSync(join(folder, "tofro.secrets"), text);
          for (const argv of [
            ["check", "--json"],
            ["keys", "rotate"],
            ["apply", ...at],
          ])
            await life.tofro(2, ...argv);
        }
        writeFileSync(join(folder, "tofro.secrets"), secrets);

        // Machines that cannot be reached: nobody listens there.
        const far = NETWORK.replace("b: {", "b: { ssh: ssh://root@127.0.0.1:1,");
        writeFileSync(join(folder, "tofro.yaml"), far);
        expect(await life.tofro(1, "apply", "--node", "b")).toContain("b");
        writeFileSync(join(folder, "tofro.yaml"), NETWORK);

        await life.tofro(0, "down", ...at);
        // 2 nodes' private keys and 3 preshared ones twice, a's own twice; each in two spellings.
        expect(life.keys.size).toBe(2 * (2 * (2 + 3) + 2));
        expect(await life.leaks()).toEqual([]);
      });
      // A whole life of some thirty commands: on an emulated processor more than ten minutes.
    },
    300_000 * PATIENCE,
  );
});
