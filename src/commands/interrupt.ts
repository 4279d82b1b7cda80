// Ctrl-C as an abort: what runs gets the chance to leave nothing behind.
import { TofroError } from "../core/error.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs `work`; a signal aborts it with `<what>: interrupted`. A second one ends tofro as it would any program. */
export async function untilInterrupted<Result>(
  what: string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const interrupt = (): void => controller.abort(new TofroError(`${what}: interrupted`));
  for (const signal of SIGNALS) process.once(signal, interrupt);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}
