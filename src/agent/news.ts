// Long-lived children that tell what changes on this machine, a line each; they end with the agent, however it ends.
import { spawn } from "node:child_process";
import { environment } from "../linux/command.ts";

/** After a child has ended by itself. */
const AGAIN_MS = 1000;

/** A shell command's lines until `stop`; it is started again when it ends, and `begun` says that something may have been missed. */
export function listen(command: string, onLine: (line: string) => void, begun: () => void): () => void {
  let isStopped = false;
  let stop = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    // In a group of its own, which ends when its stdin does: also when the agent is killed.
    const script = `{ ${command}\nkill -TERM 0; } & cat >/dev/null; kill -TERM 0`;
    const child = spawn("sh", ["-c", script], {
      detached: true,
      stdio: ["pipe", "pipe", "ignore"],
      env: environment({ LC_ALL: "C" }),
    });
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      lines.forEach(onLine);
    });
    child.stdin.on("error", () => undefined);
    child.on("error", () => undefined);
    child.on("close", () => {
      if (isStopped) return;
      timer = setTimeout(() => {
        begin();
        begun();
      }, AGAIN_MS);
    });
    stop = () => child.stdin.end();
  };
  begin();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    stop();
  };
}
