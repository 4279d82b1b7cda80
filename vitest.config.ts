import { defineConfig } from "vitest/config";
import { kernelLane } from "./test/support/patience.ts";
import { Shares } from "./test/support/shares.ts";

const inLane = kernelLane !== undefined;

/** They measure, or wait for what decides by measuring: each of them alone. Most others wait for the kernel, and share two processors. */
const TIMED = [
  "test/lab/{agent-*,exit,lab-web,measure,move,probe,rotate,underlay}.test.ts",
  "src/stamp/*.test.ts",
];
const ALL = ["src/**/*.test.ts", "test/**/*.test.ts"];
const REAL_KERNEL = "test/kernel/**";

/** `extends` takes what all have in common from below. */
const inTurn = (name: string, groupOrder: number, maxWorkers: number, include: string[], exclude: string[]) =>
  ({ extends: true, test: { name, include, exclude, maxWorkers, sequence: { groupOrder } } }) as const;

export default defineConfig({
  test: {
    testTimeout: inLane ? 600_000 : 300_000,
    hookTimeout: inLane ? 600_000 : 300_000,
    // Labs share two processors with whatever else runs: a test may be tried once more.
    retry: 1,
    // Two labs at once in a file that wants to: enough to use the time in which one waits.
    maxConcurrency: 2,
    ...(inLane
      ? // One process that loads everything once.
        { include: ALL, maxWorkers: 1, isolate: false, sequence: { sequencer: Shares } }
      : {
          projects: [
            inTurn("together", 0, 2, ALL, [...TIMED, REAL_KERNEL]),
            inTurn("timed", 1, 1, TIMED, []),
          ],
        }),
  },
});
