// Secrets under age: what tofro writes the age tool reads, and the other way, for every kind of recipient.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Encrypter, generateIdentity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isSealed, openVault, recipientOf, sealVault, type Seal, type Unlock } from "./vault.ts";

const TEXT = "private_keys:\n  a: something\n";
const nobody: Unlock = {
  passphrase: () => Promise.reject(new Error("not asked for")),
  identities: () => Promise.resolve([]),
  withProtectedKey: () => Promise.reject(new Error("not asked for")),
};
const withPassphrase = (text: string): Unlock => ({ ...nobody, passphrase: () => Promise.resolve(text) });

let folder: string;
const file = (name: string): string => join(folder, name);
const withIdentity = (name: string): Unlock => ({
  ...nobody,
  identities: () => Promise.resolve([{ path: file(name), text: readFileSync(file(name), "utf8") }]),
});
const to = (...recipients: string[]): Seal => ({ kind: "recipients", recipients });

const KEYS = {
  "ssh-ed25519": ["-t", "ed25519"],
  "ssh-rsa": ["-t", "rsa", "-b", "2048"],
  "ssh-rsa in PEM": ["-t", "rsa", "-b", "2048", "-m", "PEM"],
} as const;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tofro-vault-"));
  for (const [name, options] of Object.entries(KEYS)) {
    execFileSync("ssh-keygen", ["-q", ...options, "-N", "", "-C", "me@here", "-f", file(name)]);
  }
  const identity = await generateIdentity();
  writeFileSync(file("age"), `# created: today\n${identity}\n`, { mode: 0o600 });
  writeFileSync(file("age.pub"), `${await identityToRecipient(identity)}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const age = (argv: readonly string[], input: string | Uint8Array): Buffer =>
  execFileSync("age", argv, { input });

describe.each([...Object.keys(KEYS), "age"])("%s", (name) => {
  const recipient = (): string => readFileSync(file(`${name}.pub`), "utf8").trim();

  it("opens what it has closed", async () => {
    const sealed = Buffer.from(await sealVault(TEXT, to(recipient())));
    expect({ isSealed: isSealed(sealed), text: sealed.toString("latin1") }).toEqual({
      isSealed: true,
      text: expect.stringMatching(
        /^-----BEGIN AGE ENCRYPTED FILE-----\n[A-Za-z0-9+/=\n]+-----END [A-Z ]+-----\n$/,
      ),
    });
    expect(await openVault(sealed, "x.secrets", withIdentity(name))).toEqual({ text: TEXT });
  });

  it("is read by age, and reads what age wrote, armored or not", async () => {
    const sealed = await sealVault(TEXT, to(recipient()));
    expect(age(["--decrypt", "--identity", file(name)], sealed).toString()).toBe(TEXT);
    for (const armor of [["--armor"], []]) {
      const theirs = age(["--encrypt", "--recipients-file", file(`${name}.pub`), ...armor], TEXT);
      expect(isSealed(theirs)).toBe(true);
      expect(await openVault(theirs, "x.secrets", withIdentity(name))).toEqual({ text: TEXT });
    }
  });
});

describe("several recipients", () => {
  it("are each enough, and others are not", async () => {
    const recipients = ["ssh-ed25519", "age"].map((name) => readFileSync(file(`${name}.pub`), "utf8").trim());
    const sealed = Buffer.from(await sealVault(TEXT, to(...recipients)));
    for (const name of ["ssh-ed25519", "age"]) {
      expect(await openVault(sealed, "x.secrets", withIdentity(name))).toEqual({ text: TEXT });
    }
    await expect(openVault(sealed, "x.secrets", withIdentity("ssh-rsa"))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(`that are not here (${file("ssh-rsa")})`),
    });
    await expect(openVault(sealed, "x.secrets", nobody)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining("TOFRO_IDENTITY"),
    });
  });

  it("refuses what is no recipient", async () => {
    for (const text of ["age1nope", "ssh-ed25519 AAAA", "ssh-dss AAAA", "me", "AGE-SECRET-KEY-1ABC"]) {
      await expect(recipientOf(text)).rejects.toMatchObject({ exitCode: 2 });
    }
  });
});

describe("a passphrase", () => {
  it("opens, and says what it was opened with; a wrong one does not, and a damaged file is told apart", async () => {
    // As `sealVault` does, with less work for each try.
    const encrypter = new Encrypter();
    encrypter.setPassphrase("four words of it");
    encrypter.setScryptWorkFactor(10);
    const sealed = Buffer.from(await encrypter.encrypt(TEXT));
    expect(await openVault(sealed, "x.secrets", withPassphrase("four words of it"))).toEqual({
      text: TEXT,
      passphrase: "four words of it",
    });
    await expect(openVault(sealed, "x.secrets", withPassphrase("four words"))).rejects.toMatchObject({
      exitCode: 2,
      message: "Cannot open x.secrets: the passphrase is wrong",
    });
    const damaged = Buffer.from(sealed);
    damaged[damaged.length - 1]! ^= 1;
    await expect(openVault(damaged, "x.secrets", withPassphrase("four words of it"))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining("it is damaged"),
    });
    const cut = Buffer.from("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl");
    await expect(openVault(cut, "x.secrets", nobody)).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe("an SSH key with a passphrase of its own", () => {
  it("is left to age, and only when the file is for it", async () => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "secret words", "-f", file("locked")]);
    const asked: string[] = [];
    const unlock: Unlock = {
      ...withIdentity("locked"),
      withProtectedKey: ({ path }) => {
        asked.push(path);
        return Promise.resolve(TEXT);
      },
    };
    const mine = Buffer.from(await sealVault(TEXT, to(readFileSync(file("locked.pub"), "utf8").trim())));
    expect(await openVault(mine, "x.secrets", unlock)).toEqual({ text: TEXT });
    expect(asked).toEqual([file("locked")]);
    const others = Buffer.from(await sealVault(TEXT, to(readFileSync(file("age.pub"), "utf8").trim())));
    await expect(openVault(others, "x.secrets", unlock)).rejects.toMatchObject({ exitCode: 2 });
    expect(asked.length).toBe(1);
  });
});
