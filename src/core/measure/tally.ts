// How many packets each direction of a session lost, changed the order of, and doubled.
import { flightsOf, splitAtClockSteps, splitAtCounterRestarts, type Flight } from "./flights.ts";
import type { SessionSamples } from "./samples.ts";

/** Packets of one direction. */
export interface Tally {
  /** Whose fate is known. */
  readonly sent: number;
  readonly lost: number;
  /** Seen at both ends: those that `reordered` is a share of. */
  readonly seen: number;
  /** Arrived after a later one (RFC 4737, Type-P-Reordered). */
  readonly reordered: number;
  /** Copies beyond the first (RFC 5560). */
  readonly doubled: number;
}

export interface SessionTally {
  /** Sender to reflector. */
  readonly there: Tally;
  readonly back: Tally;
  /** Unanswered probes after the last answer or around a restart: nobody knows in which direction they were lost. */
  readonly undecided: number;
}

export const NOTHING: Tally = { sent: 0, lost: 0, seen: 0, reordered: 0, doubled: 0 };

export const addTallies = (x: Tally, y: Tally): Tally => ({
  sent: x.sent + y.sent,
  lost: x.lost + y.lost,
  seen: x.seen + y.seen,
  reordered: x.reordered + y.reordered,
  doubled: x.doubled + y.doubled,
});

/**
 * Tells the two directions apart by the stateful reflector's numbers (RFC 8762, 4.3.1): it counts what it received, so a
 * number that never came back is an answer lost on the way back, and a probe without a number was lost on the way there.
 */
export function tally(session: SessionSamples): SessionTally {
  const flights = flightsOf(session);
  const runs = splitAtClockSteps(flights).flatMap(splitAtCounterRestarts);
  let [there, back] = [NOTHING, NOTHING];
  runs.forEach((run, index) => {
    const counts = countRun(run, index === 0);
    there = addTallies(there, counts.there);
    back = addTallies(back, counts.back);
  });
  return { there, back, undecided: session.probes.length - there.sent };
}

/** Counts between the first and the last answer of a run; from the start of the session for its first. */
function countRun(run: readonly Flight[], fromStart: boolean): { there: Tally; back: Tally } {
  const numbers = run.map(({ answer }) => answer.reflectorSequence);
  const sequences = run.map(({ sequence }) => sequence);
  const again = run.flatMap(({ answer }) => answer.again.map((number) => [answer.reflectorSequence, number]));
  const doubledBack = again.filter(([first, number]) => first === number).length;
  const doubledThere = new Set(again.filter(([first, number]) => first !== number).map(([, number]) => number)).size;

  const last = (values: readonly number[]): number => values.reduce((x, y) => Math.max(x, y), -1);
  const first = (values: readonly number[]): number =>
    fromStart ? 0 : values.reduce((x, y) => Math.min(x, y), Infinity);
  const sent = last(sequences) - first(sequences) + 1;
  const counted = last(numbers) - first(numbers) + 1 - doubledThere;
  // Reordering at the edges of the run may blur the count by a packet or two, never beyond what is certain.
  const arrived = Math.min(Math.max(counted, run.length), sent);

  const byNumber = run.toSorted((x, y) => x.answer.reflectorSequence - y.answer.reflectorSequence);
  const byArrival = run.toSorted((x, y) => x.answer.arrival - y.answer.arrival);
  return {
    there: {
      sent,
      lost: sent - arrived,
      seen: run.length,
      reordered: late(byNumber.map(({ sequence }) => sequence)),
      doubled: doubledThere,
    },
    back: {
      sent: arrived,
      lost: arrived - run.length,
      seen: run.length,
      reordered: late(byArrival.map(({ answer }) => answer.reflectorSequence)),
      doubled: doubledBack,
    },
  };
}

/** How many stand behind a larger one (RFC 4737, 3.3: below NextExp). */
function late(sequences: readonly number[]): number {
  let next = 0;
  let count = 0;
  for (const sequence of sequences) {
    if (sequence < next) count++;
    else next = sequence + 1;
  }
  return count;
}
