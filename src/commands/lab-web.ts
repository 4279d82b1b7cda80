// `lab up --web`: agents in a lab that has just come up, and their dashboard, as `apply --agent` and `web` bring them.
import { applyCommand } from "./apply.ts";
import type { Io } from "./io.ts";
import { webCommand } from "./web.ts";

/** Returns when the dashboard is interrupted. The lab stays. */
export async function labWeb(name: string, port: number, io: Io): Promise<void> {
  // Of its commands nobody who came to look wants to read; what goes wrong is thrown.
  await applyCommand({ ...io, stdout: () => undefined }).parseAsync(["--lab", name, "--agent"], {
    from: "user",
  });
  io.stderr("asking the agents; Ctrl-C ends the page, and the lab goes on\n");
  await webCommand(io).parseAsync(["--lab", name, "--port", String(port)], { from: "user" });
}
