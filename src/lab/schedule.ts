// The process that performs a lab's schedule: `node schedule.ts NAME MARKER`, started by `up`, ends after the last change.
import { setTimeout as sleep } from "node:timers/promises";
import { set } from "./set.ts";
import { readState } from "./state.ts";

const name = process.argv[2] ?? "";
const { schedule, upAtMs = Date.now() } = await readState(name);
for (const entry of schedule) {
  await sleep(Math.max(0, upAtMs + entry.atMs - Date.now()));
  await set(name, entry);
}
