// The agent's program on a node: `node agent.mjs FOLDER` holds the machine at its state until SIGTERM, which leaves all
// as it is; `node agent.mjs --ask REQUEST` asks the one that runs there.
import { isMainThread } from "node:worker_threads";
import { z } from "zod";
import { historyThread } from "../controller/history-thread.ts";
import { agent } from "./agent.ts";
import { supplement } from "./node20.ts";
import { ask } from "./socket.ts";
import { SOCKET } from "./places.ts";

const [first, word] = process.argv.slice(2);
supplement();
if (isMainThread) process.umask(0o077);
try {
  if (!isMainThread) await historyThread();
  else if (first === "--ask" && word !== undefined) {
    const request = z.looseObject({ get: z.string() }).parse(JSON.parse(word));
    process.stdout.write(`${JSON.stringify(await ask(SOCKET, request, 5000))}\n`);
  } else if (first !== undefined) await agent(first);
  else throw new Error("Usage: agent.mjs FOLDER | --ask REQUEST");
} catch (error) {
  process.stderr.write(`tofro-agent: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
