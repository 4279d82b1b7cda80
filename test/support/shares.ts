// Deals the test files of the real-kernel lane to its virtual machines (`--shard`) so that they end at about the same time.
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Seconds on one emulated processor, roughly, of files that take long there; others count as SHORT_S. */
const LONG_S: Readonly<Record<string, number>> = {
  "lab/doctor": 950,
  "kernel/systemd": 700,
  "lab/apply": 500,
  "lab/wg-quick": 450,
  "lab/underlay": 360,
  "kernel/agent-unit": 470,
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
