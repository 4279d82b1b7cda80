// `lab up --web`: agents in a lab that has just come up, and their dashboard, as `apply --agent` and `web` bring them.
import { applyCommand } from "./apply.ts";
import type { Io } from "./io.ts";
import type { ShowOptions } from "./lab.ts";
import { webCommand } from "./web.ts";

/** Returns when the dashboard is interrupted. The lab stays. */
export async function labWeb(name: string, { port, allowChanges }: ShowOptions, io: Io): Promise<void> {
  // Of its commands nobody who came to look wants to read; what goes wrong is thrown.
  await applyCommand({ ...io, stdout: () => undefined }).parseAsync(["--lab", name, "--agent"], {
    from: "user",
  });
  io.stderr("asking the agents; Ctrl-C ends the page, and the lab goes on\n");
  const argv = ["--lab", name, "--port", String(port), ...(allowChanges === true ? ["--allow-changes"] : [])];
  await webCommand(io).parseAsync(argv, { from: "user" });
}
