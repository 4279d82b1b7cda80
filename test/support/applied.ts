// A lab's network file anew, and all of it on the machines.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { tofro } from "./cli.ts";
import type { TestLab } from "./lab.ts";
import { PATIENT } from "./patience.ts";

/** Applies `network`, behind which `plan` has nothing left to do. */
export async function applied(lab: TestLab, folder: string, network: string): Promise<void> {
  writeFileSync(join(folder, "tofro.yaml"), network);
  const { code, stderr } = await tofro("apply", ...PATIENT, "--lab", lab.name);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(await tofro("plan", "--lab", lab.name)).toMatchObject({ code: 0 });
}
