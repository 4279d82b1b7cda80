// Begins anew what came upon machines that changed while it looked, as they do in the seconds in which agents move.
import { ChangedMeanwhile } from "../linux/apply.ts";

/** Each takes a second or more, an agent's move a few. */
const ATTEMPTS = 5;

/** The first attempt that does not throw `ChangedMeanwhile`; the last one's is thrown, and every other error at once. */
export async function whileChanging<Result>(
  attempt: () => Promise<Result>,
  onChanged: (error: ChangedMeanwhile) => void,
): Promise<Result> {
  for (let left = ATTEMPTS - 1; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile) || left === 0) throw error;
      onChanged(error);
    }
  }
}
