// Progress on stderr: what is done now, and from a second on how far it has come and who is waited for.
import type { Progress } from "../linux/apply.ts";
import type { Io } from "./io.ts";

const TICK_MS = 1000;
/** More names than a line is good for are counted. */
const NAMES = 4;

export interface Counted extends Progress {
  /** No more lines; to be called however the work ends. */
  readonly end: () => void;
}

/** `quiet`: steps say nothing in their first second. */
export function progressOn(io: Io, quiet = false): Counted {
  let text = "";
  let total = 0;
  let waiting = new Set<string>();
  let said = "";
  const tick = (): void => {
    if (total === 0 || waiting.size === 0) return;
    const names = [...waiting].slice(0, NAMES).join(", ");
    const more = waiting.size > NAMES ? ` and ${waiting.size - NAMES} more` : "";
    const line = `${text}: ${total - waiting.size}/${total}, waiting for ${names}${more} ...\n`;
    if (line !== said) io.stderr(line);
    said = line;
  };
  const timer = setInterval(tick, TICK_MS);
  timer.unref();
  return {
    step(next, nodes) {
      if (!quiet && next !== text) io.stderr(`${next} ...\n`);
      text = next;
      total = nodes.length;
      waiting = new Set(nodes);
      timer.refresh();
    },
    done: (node) => void waiting.delete(node),
    end: () => clearInterval(timer),
  };
}
