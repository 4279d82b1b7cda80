// Deals the test files of the real-kernel lane to its virtual machines (`--shard`) so that they end at about the same time.
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Seconds on one emulated processor, roughly, of files that take long there where it shall be brief; others count as SHORT_S. */
const LONG_S: Readonly<Record<string, number>> = {
  "lab/doctor": 350,
  "kernel/systemd": 450,
  "lab/apply": 400,
  "lab/wg-quick": 300,
  "lab/underlay": 360,
  "kernel/agent-unit": 400,
  "lab/secrets": 300,
  "lab/rotate": 250,
  "lab/doctor-firewalls": 200,
  "lab/drift": 200,
  "lab/move": 200,
  "lab/node-keys": 180,
  "lab/doctor-underlay": 170,
};
const SHORT_S = 100;

const secondsOf = ({ moduleId }: TestSpecification): number =>
  Object.entries(LONG_S).find(([name]) => moduleId.endsWith(`/${name}.test.ts`))?.[1] ?? SHORT_S;

export class Shares extends BaseSequencer {
  /** The longest first, each to the machine with the least to do; the same on all machines. */
  override shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { index, count } = this.ctx.config.shard ?? { index: 1, count: 1 };
    const shares = Array.from({ length: count }, () => ({
      seconds: 0,
      files: new Array<TestSpecification>(),
    }));
    const sorted = files.toSorted(
      (a, b) => secondsOf(b) - secondsOf(a) || (a.moduleId < b.moduleId ? -1 : 1),
    );
    for (const file of sorted) {
      const least = shares.reduce((a, b) => (b.seconds < a.seconds ? b : a));
      least.files.push(file);
      least.seconds += secondsOf(file);
    }
    return Promise.resolve(shares[index - 1]?.files ?? []);
  }
}
