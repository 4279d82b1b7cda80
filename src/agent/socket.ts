// The agent's socket for commands on its machine: a JSON line asks, a JSON line answers, as often as the asker likes.
//
//   {"get":"status"}                    the name of a handler, and whatever else it wants
//   {"value":…} or {"error":"…"}
import { rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { z } from "zod";
import { TofroError } from "../core/error.ts";

/** By the word behind `get`; gets the whole request, and returns what goes into JSON. What it throws is the answer, too. */
export type Handlers = Readonly<Record<string, (request: Readonly<Record<string, unknown>>) => unknown>>;

const requestSchema = z.looseObject({ get: z.string() });
/** Longer than any request is. */
const MOST_CHARACTERS = 1_000_000;

/** Answers until the returned function ends it. Throws when another agent answers there already. */
export async function serve(path: string, handlers: Handlers): Promise<() => Promise<void>> {
  if (await isAnswered(path)) {
    throw new TofroError("Cannot start: an agent runs on this machine already", { kind: "machine" });
  }
  await rm(path, { force: true });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket)).on("error", () => socket.destroy());
    eachLine(socket, MOST_CHARACTERS, (line) => {
      void answer(line, handlers).then((text) => socket.writable && socket.write(`${text}\n`));
    });
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // The folder around it is 0700: nobody else comes here before the mode is set.
  server.once("error", reject).listen(path, () => resolve());
  await promise;
  return async () => {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    for (const socket of open) socket.destroy();
    await closed.promise;
    await rm(path, { force: true });
  };
}

/** Asks once. Throws "failed" with what the agent says, or that none does. */
export async function ask(
  path: string,
  request: { readonly get: string },
  timeoutMs: number,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(path);
  const timer = setTimeout(() => reject(new Error("it does not answer")), timeoutMs);
  socket.on("error", reject).on("close", () => reject(new Error("it ended")));
  socket.write(`${JSON.stringify(request)}\n`);
  // The choice of a thousand nodes has millions of characters.
  eachLine(socket, Infinity, resolve);
  try {
    const answered = z
      .union([z.strictObject({ value: z.unknown() }), z.strictObject({ error: z.string() })])
      .parse(JSON.parse(await promise));
    if ("error" in answered) throw new Error(answered.error);
    return answered.value;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TofroError(`Cannot ask the agent for ${request.get}: ${why}`, { kind: "failed" }, cause);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function answer(line: string, handlers: Handlers): Promise<string> {
  try {
    const request = requestSchema.parse(JSON.parse(line));
    const handler = Object.hasOwn(handlers, request.get) ? handlers[request.get] : undefined;
    if (handler === undefined) {
      throw new Error(`it knows no "${request.get}", only ${Object.keys(handlers).sort().join(", ")}`);
    }
    return JSON.stringify({ value: (await handler(request)) ?? null });
  } catch (error) {
    return JSON.stringify({ error: error instanceof Error ? error.message : String(error) });
  }
}

function eachLine(socket: Socket, most: number, onLine: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    if (rest.length > most) socket.destroy();
    else lines.forEach(onLine);
  });
}

async function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path, () => resolve(true)).on("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
