import { describe, expect, it } from "vitest";
import { ChangedMeanwhile } from "../linux/apply.ts";
import { whileChanging } from "./again.ts";

const changed = () => new ChangedMeanwhile("a has changed", { kind: "failed" });

/** Attempts that come upon a change `times` times. */
function moving(times: number) {
  let count = 0;
  const said: string[] = [];
  const result = whileChanging(
    () => (++count > times ? Promise.resolve(count) : Promise.reject(changed())),
    ({ message }) => said.push(message),
  );
  return { result, said };
}

describe("an attempt on machines that change", () => {
  it("is begun anew until they hold still, and says so each time", async () => {
    const { result, said } = moving(3);
    expect(await result).toBe(4);
    expect(said).toEqual(["a has changed", "a has changed", "a has changed"]);
  });

  it("is given up where they never do", async () => {
    const { result, said } = moving(100);
    await expect(result).rejects.toThrow("a has changed");
    expect(said).toHaveLength(4);
  });

  it("is not begun anew for anything else", async () => {
    let count = 0;
    const result = whileChanging(
      () => Promise.reject(new Error(`attempt ${++count}`)),
      () => undefined,
    );
    await expect(result).rejects.toThrow("attempt 1");
  });
});
