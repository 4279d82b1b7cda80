import { defineConfig } from "vitest/config";

// Set in the virtual machine of `npm run test:kernel`, whose processors are emulated: everything takes 20 times as long.
const kernelLane = process.env["TOFRO_KERNEL_LANE"] !== undefined;

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: kernelLane ? [] : ["test/kernel/**"],
    testTimeout: kernelLane ? 400_000 : 120_000,
    hookTimeout: kernelLane ? 400_000 : 120_000,
    // Labs share two processors with whatever else runs: a test may be tried once more.
    retry: 1,
    // Two labs at once in a file that wants to: enough to use the time in which one waits.
    maxConcurrency: 2,
    // One process that loads everything once.
    ...(kernelLane && { maxWorkers: 1, isolate: false }),
  },
});
