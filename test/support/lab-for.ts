// A lab that several tests share.
import { afterAll, beforeAll } from "vitest";
import { withLab, type TestLab } from "./lab.ts";

/** A lab that lives as long as the tests of a `describe`. */
export function labFor(network: string, options: Parameters<typeof withLab>[1] = {}): () => TestLab {
  const up = Promise.withResolvers<TestLab>();
  const done = Promise.withResolvers<void>();
  let lab: TestLab | undefined;
  let whole: Promise<void>;
  beforeAll(async () => {
    whole = withLab(network, options, async (ready) => {
      up.resolve(ready);
      await done.promise;
    });
    whole.catch(up.reject);
    lab = await up.promise;
  });
  afterAll(async () => {
    done.resolve();
    await whole;
  });
  return () => lab!;
}
