// How a user opens encrypted secrets: a passphrase from the terminal or a file, identities from files. Never from argv.
import { constants, openSync, writeSync } from "node:fs";
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { ReadStream } from "node:tty";
import { TofroError } from "../core/error.ts";
import { readIfThere } from "../files/atomic.ts";
import type { IdentityFile, Unlock } from "../files/vault.ts";
import { run } from "../linux/command.ts";

const PASSPHRASE_FILE = "TOFRO_PASSPHRASE_FILE";
const IDENTITY = "TOFRO_IDENTITY";

export const unlock: Unlock = {
  passphrase: (file) => passphrase(`Passphrase of ${file}: `),
  identities,
  async withProtectedKey({ path }, sealed) {
    // OpenSSH's own key derivation is in no library here; age asks for the passphrase on the terminal itself.
    try {
      const { stdout } = await run(["age", "--decrypt", "--identity", path], { input: sealed });
      return stdout;
    } catch (cause) {
      const hint =
        "`age` (Debian package age) opens SSH keys that have a passphrase; or name another identity by TOFRO_IDENTITY";
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TofroError(`${why}\n  hint: ${hint}`, { kind: "usage" }, cause);
    }
  },
};

/** From the file that the environment names, else from the terminal. */
async function passphrase(question: string): Promise<string> {
  const file = process.env[PASSPHRASE_FILE];
  if (file === undefined) return ask(question);
  return notEmpty((await ownText(file, PASSPHRASE_FILE)).split(/\r?\n/, 1)[0]!);
}

/** A passphrase to be; typed ones twice. */
export async function newPassphrase(): Promise<string> {
  const first = await passphrase("New passphrase: ");
  if (process.env[PASSPHRASE_FILE] !== undefined) return first;
  if ((await ask("The same again: ")) === first) return first;
  throw new TofroError("The two passphrases differ", { kind: "usage" });
}

function notEmpty(text: string): string {
  if (text !== "") return text;
  throw new TofroError("The passphrase is empty", { kind: "usage" });
}

async function identities(): Promise<IdentityFile[]> {
  const named = process.env[IDENTITY];
  if (named !== undefined) return [{ path: named, text: await ownText(named, IDENTITY) }];
  const path = join(homedir(), ".ssh", "id_ed25519");
  const text = await readIfThere(path);
  return text === undefined ? [] : [{ path, text }];
}

/** The text of a secret file that the environment names. */
async function ownText(path: string, variable: string): Promise<string> {
  const text = await readIfThere(path);
  if (text === undefined) {
    throw new TofroError(`There is no file ${path}, which ${variable} names`, { kind: "usage" });
  }
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0 || (mode & constants.S_IFMT) !== constants.S_IFREG) return text;
  throw new TofroError(`Others may read ${path}, which ${variable} names\n  hint: chmod 600 ${path}`, {
    kind: "usage",
  });
}

/** Asks on the terminal, whatever stdin and stdout are, without echo. */
async function ask(question: string): Promise<string> {
  const terminal = openTerminal();
  const input = new ReadStream(terminal);
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: silence, terminal: true });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  lines.once("line", resolve);
  lines.once("close", () => reject(new TofroError("No passphrase was given", { kind: "usage" })));
  writeSync(terminal, question);
  try {
    return notEmpty(await promise);
  } finally {
    writeSync(terminal, "\n");
    lines.close();
    // The descriptor with it.
    input.destroy();
  }
}

function openTerminal(): number {
  try {
    return openSync("/dev/tty", "r+");
  } catch (cause) {
    const message = `There is no terminal to ask for the passphrase: name a file that holds it by ${PASSPHRASE_FILE}`;
    throw new TofroError(message, { kind: "usage" }, cause);
  }
}
