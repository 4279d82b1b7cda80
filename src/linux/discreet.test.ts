import { describe, expect, it } from "vitest";
import { TofroError } from "../core/error.ts";
import { localHost } from "./command.ts";
import { discreet } from "./discreet.ts";

const KEY = "eMbhwkmDGbVGk3qY4HLXLzPvrA7yIkmzqXCzPDJmyF0=";
const host = discreet(localHost, {
  privateKeys: new Map([["a", KEY]]),
  presharedKeys: new Map([["a - b", "K0vWSxkZ3wUSyLvA9LdSNHj9Jx0NwJDvpeNQZEWkoS4="]]),
});

describe("a discreet host", () => {
  it("passes on what commands print, without keys", async () => {
    const { stdout, stderr } = await host.run(["sh", "-c", "cat; echo $0 >&2", KEY], { input: `key ${KEY}` });
    expect({ stdout, stderr }).toEqual({ stdout: "key (secret)", stderr: "(secret)\n" });
  });

  it("tells why a command failed, without keys", async () => {
    const error = await host
      .run(["sh", "-s"], { input: `echo "no: ${KEY}" >&2; exit 3` })
      .catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(TofroError);
    const { message, detail, cause } = error as TofroError;
    expect({ message, detail, cause }).toEqual({
      message: "Cannot run `sh -s`: no: (secret)",
      detail: { kind: "command", command: ["sh", "-s"], stderr: "no: (secret)\n" },
      cause: undefined,
    });
  });
});
