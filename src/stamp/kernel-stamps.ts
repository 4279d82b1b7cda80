// The optional native addon (native/kernel-stamps.c), which tells when the kernel received a packet; without it the program's own clock does.
import { createRequire } from "node:module";

export interface KernelStamps {
  /** The descriptor of a bound UDP socket whose packets are stamped; throws when there can be none. */
  readonly open: (address: string, port: number) => number;
  /** Nobody else may bind there any more: to be said when Node.js has taken the socket over, which lets others (SO_REUSEADDR). */
  readonly own: (descriptor: number) => void;
  /** Nanoseconds since the kernel received the last packet that was read there; NaN: it does not say. */
  readonly age: (descriptor: number) => number;
}

/** The first of these files that is an addon for this Node.js; undefined: none is, and that is all right. */
export function loadKernelStamps(paths: readonly string[]): KernelStamps | undefined {
  const load = createRequire(import.meta.url);
  for (const path of paths) {
    try {
      const found: unknown = load(path);
      if (isAddon(found)) return found;
    } catch {
      // Not built, or for another machine.
    }
  }
  return undefined;
}

const isAddon = (value: unknown): value is KernelStamps =>
  typeof value === "object" &&
  value !== null &&
  ["open", "own", "age"].every((name) => typeof Reflect.get(value, name) === "function");
