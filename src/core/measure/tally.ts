// How many packets each direction of a session lost, changed the order of, and doubled.
import { flightsOf } from "./flights.ts";
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
  /** Copies beyond the first (RFC 5560). Of probes none are told: the reflector answers one copy and drops the others. */
  readonly doubled: number;
}

export interface SessionTally {
  /** Sender to reflector. */
  readonly there: Tally;
  readonly back: Tally;
  /** Unanswered probes after the last answer: nobody knows in which direction they were lost. */
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
 * Tells the two directions apart by the stateful reflector's numbers (RFC 8762, 4.3.1): it counts what it answers, so a
 * number that never came back is an answer lost on the way back, and a probe without a number was lost on the way there.
 */
export function tally(session: SessionSamples): SessionTally {
  const { probes } = session;
  const flights = flightsOf(session);
  if (flights.length === 0) return { there: NOTHING, back: NOTHING, undecided: probes.length };
  const sequences = flights.map(({ sequence }) => sequence);
  const numbers = flights.map(({ answer }) => answer.reflectorSequence);
  const sent = last(sequences) + 1;
  // A reflector that was there before, or whose first answers got lost after a restart, did not begin at 0.
  const before = Math.max(0, first(numbers) - first(sequences));
  // Reordering at the end may blur the count by a packet or two, never beyond what is certain.
  const arrived = Math.min(Math.max(last(numbers) - before + 1, flights.length), sent);

  const byNumber = flights.toSorted((x, y) => x.answer.reflectorSequence - y.answer.reflectorSequence);
  const byArrival = flights.toSorted((x, y) => x.answer.arrival - y.answer.arrival);
  return {
    there: {
      sent,
      lost: sent - arrived,
      seen: flights.length,
      reordered: late(byNumber.map(({ sequence }) => sequence)),
      doubled: 0,
    },
    back: {
      sent: arrived,
      lost: arrived - flights.length,
      seen: flights.length,
      reordered: late(byArrival.map(({ answer }) => answer.reflectorSequence)),
      doubled: flights.reduce((sum, { answer }) => sum + answer.duplicates, 0),
    },
    undecided: probes.length - sent,
  };
}

const first = (values: readonly number[]): number => values.reduce((x, y) => Math.min(x, y));
const last = (values: readonly number[]): number => values.reduce((x, y) => Math.max(x, y));

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

/** A share; 0 of nothing. */
export const ratioOf = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
