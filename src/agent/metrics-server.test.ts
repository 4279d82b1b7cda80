import { once } from "node:events";
import { request as requestOf } from "node:http";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { serveMetrics } from "./metrics-server.ts";

const ends: (() => void)[] = [];
afterEach(() => ends.splice(0).forEach((end) => end()));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function begin(text: () => string): Promise<number> {
  const port = await freePort();
  ends.push(serveMetrics({ port, addresses: ["127.0.0.1"], text }));
  while ((await ask(port).catch(() => 0)) === 0) await sleep(10);
  return port;
}

async function ask(
  port: number,
  path = "/metrics",
  method = "GET",
): Promise<{ code: number; text: string; type: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number; text: string; type: string }>();
  const asking = requestOf({ port, path, method, host: "127.0.0.1", agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    response.on("end", () =>
      resolve({ code: response.statusCode!, text, type: response.headers["content-type"] ?? "" }),
    );
  });
  asking.on("error", reject).end();
  return promise;
}

describe("the server of metrics", () => {
  it("answers for /metrics alone, and writes a text once for all that ask at once", async () => {
    let written = 0;
    const port = await begin(() => `tofro_agent_repairs_total ${++written}\n`);
    expect(await ask(port)).toEqual({
      code: 200,
      text: "tofro_agent_repairs_total 1\n",
      type: "text/plain; version=0.0.4; charset=utf-8",
    });
    await Promise.all(Array.from({ length: 10 }, () => ask(port, "/metrics?x=1")));
    expect(written).toBeLessThan(5);
    expect(await ask(port, "/metrics", "HEAD")).toMatchObject({ code: 200, text: "" });
    expect((await ask(port, "/")).code).toBe(404);
    expect((await ask(port, "/metrics", "POST")).code).toBe(405);
  });

  it("goes on when the text cannot be written", async () => {
    const port = await begin(() => {
      throw new Error("a secret reason");
    });
    expect(await ask(port)).toMatchObject({ code: 500, text: "" });
    expect(await ask(port)).toMatchObject({ code: 500 });
  });

  it("takes not more than a few clients, and drops the rest at once", async () => {
    const port = await begin(() => "x\n");
    const open = new Set<Socket>();
    ends.push(() => open.forEach((socket) => socket.destroy()));
    for (let index = 0; index < 40; index++) {
      const socket = connect(port, "127.0.0.1").on("error", () => undefined);
      socket.on("close", () => open.delete(socket));
      open.add(socket);
    }
    while (open.size > 20) await sleep(10);
    expect(open.size).toBeGreaterThanOrEqual(15);
    open.forEach((socket) => socket.destroy());
    // There is room again.
    while (
      (await ask(port).then(
        ({ code }) => code,
        () => 0,
      )) !== 200
    )
      await sleep(10);
  });

  it("comes as soon as its address is free", async () => {
    const port = await freePort();
    const other = createServer().listen(port, "127.0.0.1");
    await once(other, "listening");
    ends.push(serveMetrics({ port, addresses: ["127.0.0.1"], text: () => "late\n" }));
    await sleep(100);
    other.close();
    let text = "";
    while (text === "")
      text = await ask(port).then(
        (found) => found.text,
        () => "",
      );
    expect(text).toBe("late\n");
  });
});
