// Agents of a lab's nodes, as `tofro agent` runs them, ended when the test is over.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { askAgent } from "../../src/linux/agent.ts";
import type { TestLab } from "./lab.ts";
import { PATIENCE } from "./patience.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts");

/** Three nodes, and a pair of which both directions are measured. */
export const MEASURED = `overlay: 192.168.51.0/24
nodes:
  a: { address: 192.168.51.5 }
  b: { address: 192.168.51.1, endpoint: 198.51.100.1 }
  c: { address: 192.168.51.2, endpoint: 198.51.100.2 }
paths: [a <=> c]
`;

export interface RunningAgent {
  /** Ctrl-C; returns the exit code. */
  readonly stop: () => Promise<number | null>;
  /** When it has ended by itself. */
  readonly ended: Promise<number | null>;
}

/** Returns when it answers. */
export async function startAgent(lab: TestLab, node: string): Promise<RunningAgent> {
  const child = spawn(process.execPath, [MAIN, "agent", node, "--lab", lab.name], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  const ended = once(child, "close").then(([code]) => code as number | null);
  const host = await lab.host(node);
  const endMs = performance.now() + 60_000 * PATIENCE;
  while ((await askAgent(host, { get: "status" }).catch(() => undefined)) === undefined) {
    if (performance.now() > endMs || child.exitCode !== null)
      throw new Error(`the agent of ${node} does not answer: ${said}`);
    await sleep(200);
  }
  return {
    // As a terminal does: to the whole group.
    stop: () => {
      process.kill(-child.pid!, "SIGINT");
      return ended;
    },
    ended,
  };
}
