import { defineConfig } from "vitest/config";
import { kernelLane } from "./test/support/patience.ts";
import { Shares } from "./test/support/shares.ts";

const inLane = kernelLane !== undefined;

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: inLane ? [] : ["test/kernel/**"],
    testTimeout: inLane ? 600_000 : 300_000,
    hookTimeout: inLane ? 600_000 : 300_000,
    // Labs share two processors with whatever else runs: a test may be tried once more.
    retry: 1,
    // Two labs at once in a file that wants to: enough to use the time in which one waits.
    maxConcurrency: 2,
    // One process that loads everything once.
    ...(inLane && { maxWorkers: 1, isolate: false, sequence: { sequencer: Shares } }),
  },
});
