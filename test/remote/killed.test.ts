// tofro is killed at each step and at any moment: every machine ends in the old state or the new, and all in the same.
import { describe, expect, it } from "vitest";
import { DIRECT, kernelLane, MACHINES, THROUGH, withRemotes, type Remotes } from "../support/sshd.ts";

/** Emulated processors need longer for everything. */
const TIMEOUT = kernelLane ? "80" : "8";
/** At random moments; more to look longer: `TOFRO_FAULT_RUNS=100 npm test -- test/remote/killed.test.ts`. */
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

describe.concurrent("killed while it applies", () => {
  it.each([
    ["arming", "looking", "adding", "moving"],
    ["removing", "checking", "making it last"],
    ["staying"],
  ])("at %s ...", async (...steps) => {
    await withRemotes(THROUGH, async (remotes) => {
      const states = await bothStates(remotes);
      remotes.network(DIRECT);
      for (const step of steps) {
        const killed = remotes.start("apply", "--timeout", TIMEOUT);
        await killed.says(step);
        killed.signal("SIGKILL");
        await killed.done;
        const now = await remotes.settled();
        // Behind this step all are told to stay, at once.
        const end = step === "staying" && now["a"] === states[DIRECT]!["a"] ? DIRECT : THROUGH;
        expect({ step, now }).toEqual({ step, now: states[end] });
      }
      expect(await remotes.tofro("apply")).toMatchObject({ code: 0 });
      expect(await remotes.settled()).toEqual(states[DIRECT]);
    });
  });

  it("at any moment", async () => {
    await withRemotes(THROUGH, async (remotes) => {
      const states = await bothStates(remotes);
      const random = randomOf(SEED);
      let paths = THROUGH;
      let longestMs = 0;
      for (let run = 0; run < RUNS; run++) {
        const other = paths === THROUGH ? DIRECT : THROUGH;
        remotes.network(other);
        const startedMs = performance.now();
        const killed = remotes.start("apply", "--timeout", TIMEOUT);
        // From when something can be under way; how long it takes depends on the machine.
        await killed.says("arming");
        const timer = setTimeout(() => killed.signal("SIGKILL"), random() * Math.max(longestMs, 2000));
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

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
