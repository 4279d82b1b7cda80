// tofro is killed at each step and at any moment: every machine ends in the old state or the new, and all in the same.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DIRECT, kernelLane, MACHINES, THROUGH, withRemotes, type Remotes } from "../support/sshd.ts";

/** Emulated processors need longer for everything. */
const times = (seconds: number): string => String(kernelLane ? seconds * 10 : seconds);
/** Late steps must be reached in time. */
const LATE = new Set(["checking", "making it last", "staying"]);
/** At random moments; see CONTRIBUTING.md. */
const RUNS = Number(process.env["TOFRO_FAULT_RUNS"] ?? (kernelLane ? 1 : 4));
const SEED = Number(process.env["TOFRO_FAULT_SEED"] ?? 1);

type States = Readonly<Record<string, string>>;

/** The states of both plans; the network is in the first. */
async function bothStates(remotes: Remotes): Promise<Record<string, States>> {
  const states: Record<string, States> = {};
  for (const paths of [DIRECT, THROUGH]) {
    remotes.network(paths);
    expect(await remotes.tofro("apply")).toMatchObject({ code: 0 });
    states[paths] = await remotes.settled();
  }
  return states;
}

describe.concurrent("killed while it applies", { timeout: kernelLane ? 900_000 : 300_000 }, () => {
  it.each([
    { steps: ["arming", "looking again", "adding", "moving"] },
    { steps: ["removing", "checking"] },
    { steps: ["making it last", "staying"] },
  ])("at $steps", async ({ steps }) => {
    await withRemotes(THROUGH, async (remotes) => {
      expect(await remotes.tofro("apply")).toMatchObject({ code: 0 });
      const before = await remotes.settled();
      remotes.network(DIRECT);
      for (const step of steps) {
        const killed = remotes.start("apply", "--timeout", times(LATE.has(step) ? 25 : 8));
        await killed.says(step);
        killed.signal("SIGKILL");
        await killed.done;
        const now = await remotes.settled();
        // Behind this step all are told to stay, at once.
        if (step === "staying" && now["a"] !== before["a"]) {
          expect(await remotes.tofro("plan")).toMatchObject({ code: 0 });
        } else expect({ step, now }).toEqual({ step, now: before });
      }
      expect(await remotes.tofro("apply")).toMatchObject({ code: 0 });
    });
  });

  it("at any moment", async () => {
    await withRemotes(THROUGH, async (remotes) => {
      const states = await bothStates(remotes);
      const moments = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), { seed: SEED, numRuns: RUNS });
      let paths = THROUGH;
      let longestMs = 0;
      for (const [run, moment] of moments.entries()) {
        const other = paths === THROUGH ? DIRECT : THROUGH;
        remotes.network(other);
        const startedMs = performance.now();
        const killed = remotes.start("apply", "--timeout", times(12));
        // From when something can be under way; how long it takes depends on the machine.
        await killed.says("arming");
        const timer = setTimeout(() => killed.signal("SIGKILL"), moment * Math.max(longestMs, 2000));
        const { code, stderr } = await killed.done;
        clearTimeout(timer);
        longestMs = Math.max(longestMs, performance.now() - startedMs);
        const now = await remotes.settled();
        const end = now["a"] === states[other]!["a"] ? other : paths;
        const seen = { run, stderr, now };
        // Told to stay one after the other, within a few milliseconds: only there may they part.
        if (stderr.includes("staying")) {
          for (const name of MACHINES)
            expect([states[other]![name], states[paths]![name]]).toContain(now[name]);
          remotes.network(other);
          if (code !== 0) expect(await remotes.tofro("apply")).toMatchObject({ code: 0 });
          paths = other;
        } else {
          expect(seen).toEqual({ run, stderr, now: states[end] });
          expect(end).toBe(paths);
        }
      }
    });
  });
});
