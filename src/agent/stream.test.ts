import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { generatePrivateKey, publicKeyOf } from "../files/keys.ts";
import { pairKeys } from "./pair-keys.ts";
import { callOn, listenOn, type Stream, type StreamEvents } from "./stream.ts";

const privateKeys = new Map(["a", "c", "stranger"].map((node) => [node, generatePrivateKey()]));
const publicKeys = new Map(["a", "c"].map((node) => [node, publicKeyOf(privateKeys.get(node)!)] as const));
const keysOf = (node: string, as = node) =>
  pairKeys({ node: as, privateKey: privateKeys.get(node)!, publicKeys }, "control");

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

class Log implements StreamEvents {
  readonly lines: string[] = [];
  readonly streams: Stream[] = [];
  #wake: () => void = () => undefined;
  opened = (stream: Stream): void => {
    this.streams.push(stream);
    this.#add(`opened ${stream.peer}`);
  };
  message = ({ peer }: Stream, text: string): void => this.#add(`${peer}: ${text}`);
  closed = ({ peer }: Stream): void => this.#add(`closed ${peer}`);
  async until(line: string): Promise<void> {
    while (!this.lines.includes(line)) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
  #add(line: string): void {
    this.lines.push(line);
    this.#wake();
  }
}

async function listening(): Promise<{ log: Log; port: number; recorded: Buffer[] }> {
  const log = new Log();
  const recorded: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on("data", (chunk: Buffer) => recorded.push(chunk));
    listenOn(socket, keysOf("c"), log);
  }).listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  return { log, port: (server.address() as AddressInfo).port, recorded };
}

async function calling(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  closing.push(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

describe("a stream", () => {
  it("carries messages both ways, whatever their length, and says when it ends", async () => {
    const { log, port, recorded } = await listening();
    const own = new Log();
    callOn(await calling(port), "a", "c", keysOf("a"), own);
    await Promise.all([own.until("opened c"), log.until("opened a")]);
    const long = "x".repeat(300_000);
    own.streams[0]!.send(long);
    own.streams[0]!.send("a secret word");
    log.streams[0]!.send("answer");
    await Promise.all([log.until("a: a secret word"), own.until("c: answer")]);
    expect(log.lines).toContain(`a: ${long}`);
    expect(Buffer.concat(recorded).includes("a secret word")).toBe(false);
    own.streams[0]!.end();
    await log.until("closed a");
  });

  it("is not opened for a stranger, nor for one who says a name that is not his", async () => {
    const { log, port } = await listening();
    for (const [node, as] of [
      ["stranger", "stranger"],
      ["stranger", "a"],
    ] as const) {
      const own = new Log();
      const socket = await calling(port);
      const closed = once(socket, "close");
      callOn(socket, as, "c", keysOf(node, as), own);
      await closed;
      expect(own.lines).toEqual([]);
    }
    expect(log.lines).toEqual([]);
  });

  it("does not accept what was recorded", async () => {
    const { log, port, recorded } = await listening();
    const own = new Log();
    callOn(await calling(port), "a", "c", keysOf("a"), own);
    await own.until("opened c");
    own.streams[0]!.send("do it");
    await log.until("a: do it");
    const replay = Buffer.concat(recorded);
    const socket = await calling(port);
    const closed = once(socket, "close");
    socket.resume().write(replay);
    await closed;
    expect(log.lines.filter((line) => line === "a: do it")).toHaveLength(1);
    expect(log.lines.filter((line) => line === "opened a")).toHaveLength(1);
  });

  it("ends with rubbish, and with a length that no message has", async () => {
    const { log, port } = await listening();
    for (const rubbish of [
      Buffer.alloc(100_000, 0x61),
      Buffer.from(`a\n${"0".repeat(16)}\xff\xff\xff\xff`),
    ]) {
      const socket = await calling(port);
      const closed = once(socket, "close");
      socket.resume().write(rubbish);
      await closed;
    }
    expect(log.lines).toEqual([]);
  });
});
