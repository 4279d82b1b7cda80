// Whether the wire shows what `check` predicts.
import { expect } from "vitest";
import { check } from "../../src/core/check/check.ts";
import { traceAll, type TestLab, type Trace } from "./lab.ts";

/** Every direction takes its predicted path, in each family; returns what was seen. */
export async function goesAsPredicted(lab: TestLab): Promise<readonly Trace[]> {
  const { directions } = check(lab.plan.spec, lab.plan.states);
  const paths = new Map(directions.map(({ from, to, path }) => [`${from} ${to}`, path]));
  const traces = await traceAll(lab, new Set(paths.keys()));
  expect(traces.length).toBeGreaterThan(0);
  for (const { from, to, hops } of traces)
    expect({ from, to, hops }).toEqual({ from, to, hops: paths.get(`${from} ${to}`) });
  return traces;
}
