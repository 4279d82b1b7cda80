import { describe, expect, test } from "vitest";
import { run } from "./command.ts";
import { hasNoSsh, noLogin } from "./ssh-errors.ts";

const to = { name: "fra", destination: "root@fra.example.net" };
const ended = (stderr: string, code = 255) => ({ code, stdout: "", stderr });

describe("what ssh means", () => {
  test.each([
    [
      "Permission denied (publickey).\n",
      "takes none of your keys: `ssh -o BatchMode=yes root@fra.example.net true`",
    ],
    ["ssh: Could not resolve hostname fra: Name or service not known\n", 'no host "root@fra.example.net"'],
    ["ssh: connect to host fra port 22: Connection timed out\n", "port 22: Connection timed out"],
    ["Timeout, server fra not responding.\n", "Timeout, server fra not responding."],
    ["", "exit code 255"],
  ])("%j", (stderr, words) => {
    const error = noLogin(to, ended(stderr), false);
    expect(error.message).toMatch(/^Cannot reach fra by ssh: /);
    expect(error.message).toContain(words);
    expect(error.exitCode).toBe(1);
  });

  test("a user that cannot become root", () => {
    const error = noLogin(to, ended("sudo: a password is required\nnina\n", 77), true);
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringContaining("its user nina") as string });
  });

  test("no ssh at all", async () => {
    await expect(run(["no-such-ssh"], {}, { name: "fra", enter: [] }).catch(hasNoSsh)).rejects.toMatchObject({
      exitCode: 2,
      message: "Cannot reach other machines: there is no `ssh` here (Debian: openssh-client)",
    });
    await expect(run(["false"]).catch(hasNoSsh)).rejects.toThrow("exit code 1");
  });
});
