// One `ip` that stays: routes and rules change within a few milliseconds, without starting a process.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { TofroError } from "../core/error.ts";
import { environment } from "../linux/command.ts";

/**
 * `ip -batch` says nothing of what went well. A last line that must fail marks the end: whatever failed before it has
 * been told by then (`Command failed -:LINE`, ip(8)). No interface can have this name: it is too long for the kernel.
 */
const MARK = "link show dev tofro-end-of-batch";
const LONGEST_MS = 5000;

interface Waiting {
  /** Line number of its mark. */
  readonly mark: number;
  readonly errors: string[];
  readonly resolve: (errors: readonly string[]) => void;
  readonly reject: (error: TofroError) => void;
  readonly timer: NodeJS.Timeout;
}

export class RouteChannel {
  #child: ChildProcessWithoutNullStreams | undefined;
  #lines = 0;
  #waiting: Waiting[] = [];

  /**
   * Runs lines of `ip` (without the word) in order; every one is tried. Returns what those that failed said, when all are
   * done. Throws when there is no telling. A line that is not iproute2's grammar would end it: lines come from the plan.
   */
  run(lines: readonly string[]): Promise<readonly string[]> {
    const child = (this.#child ??= this.#start());
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
    this.#lines += lines.length + 1;
    const timer = setTimeout(() => this.restart("it does not answer"), LONGEST_MS);
    this.#waiting.push({ mark: this.#lines, errors: [], resolve, reject, timer });
    child.stdin.write([...lines, MARK, ""].join("\n"));
    return promise;
  }

  /** It remembers which interface has which number: after one was made anew, it has to begin anew, too. */
  restart(why = "it was ended"): void {
    const [child, waiting] = [this.#child, this.#waiting];
    this.#child = undefined;
    [this.#lines, this.#waiting] = [0, []];
    child?.stdin.end();
    child?.kill();
    for (const { reject, timer } of waiting) {
      clearTimeout(timer);
      reject(new TofroError(`Cannot change routes: \`ip -batch\` is gone: ${why}`));
    }
  }

  #start(): ChildProcessWithoutNullStreams {
    const child = spawn("ip", ["-force", "-batch", "-"], { env: environment({ LC_ALL: "C" }) });
    let rest = "";
    let said: string[] = [];
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      if (this.#child !== child) return;
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const failed = /^Command failed -:(\d+)$/.exec(line)?.[1];
        if (failed === undefined) said.push(line);
        else {
          this.#failed(Number(failed), said.join(" "));
          said = [];
        }
      }
    });
    child.stdout.resume();
    child.stdin.on("error", () => undefined);
    const gone = (why: string): void => {
      if (this.#child === child) this.restart(why);
    };
    child.on("error", ({ message }) => gone(message));
    child.on("close", () => gone(said.join(" ") || "it ended"));
    return child;
  }

  #failed(line: number, message: string): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    if (line < first.mark) first.errors.push(message);
    else {
      this.#waiting.shift();
      clearTimeout(first.timer);
      first.resolve(first.errors);
    }
  }
}
