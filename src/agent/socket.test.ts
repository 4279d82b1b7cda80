import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ask, serve, type Handlers } from "./socket.ts";

const TIMEOUT_MS = 20_000;

describe("the agent's socket", () => {
  let folder = "";
  let ends: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tofro-socket-"));
  });
  afterEach(async () => {
    for (const end of ends) await end();
    ends = [];
    await rm(folder, { recursive: true });
  });
  const path = (): string => join(folder, "socket");
  const begin = async (handlers: Handlers): Promise<void> => void ends.push(await serve(path(), handlers));

  it("gives the whole request to whom it names, and what is thrown back as what it is", async () => {
    await begin({
      say: (request) => request,
      fail: () => {
        throw new Error("not today");
      },
    });
    const request = { get: "say", with: "status" };
    expect(await ask(path(), request, TIMEOUT_MS)).toEqual(request);
    await expect(ask(path(), { get: "fail" }, TIMEOUT_MS)).rejects.toThrow(
      "Cannot ask the agent for fail: not today",
    );
    await expect(ask(path(), { get: "toString" }, TIMEOUT_MS)).rejects.toThrow(
      'it knows no "toString", only fail, say',
    );
  });

  it("answers as much as there is, and takes no request without an end", async () => {
    const much = "x".repeat(3_000_000);
    await begin({ much: () => much });
    expect(await ask(path(), { get: "much" }, TIMEOUT_MS)).toBe(much);
    await expect(ask(path(), { get: much }, TIMEOUT_MS)).rejects.toThrow("Cannot ask the agent for x");
  });

  it("says that nobody answers, and lets no second agent begin", async () => {
    await expect(ask(path(), { get: "say" }, TIMEOUT_MS)).rejects.toThrow("ENOENT");
    await begin({});
    await expect(serve(path(), {})).rejects.toThrow("an agent runs on this machine already");
  });
});
