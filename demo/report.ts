// What the demo prints, and what it insists on.
import type { Seen, SetUp } from "./set-ups.ts";

const ms = (value: number): string => `${value.toFixed(1)} ms`;
const percent = ({ sent, received }: Seen): string => `${(100 * (1 - received / sent)).toFixed(0)} %`;
const way = (nodes: readonly string[]): string => (nodes.length === 0 ? "?" : nodes.join(" -> "));

export function rows(setUp: SetUp, before: Seen, after: Seen): string[][] {
  const there = `${after.carriedThere} data packets there, ${after.carriedBack} back`;
  return [
    ["", "everything direct", "each its own way"],
    ["round trip", ms(before.roundTripMs), ms(after.roundTripMs)],
    [`${setUp.from} to ${setUp.to}`, ms(before.thereMs), ms(after.thereMs)],
    [`${setUp.to} to ${setUp.from}`, ms(before.backMs), ms(after.backMs)],
    ["loss", percent(before), percent(after)],
    ["hops there", way(before.there), way(after.there)],
    ["hops back", way(before.back), way(after.back)],
    [`through ${setUp.between}`, "nothing", `${there} (${after.countedBy})`],
  ];
}

/** Every claim that does not hold, as a sentence. The bounds leave room for a noisy machine, not for a wrong path. */
export function judge(setUp: SetUp, before: Seen, after: Seen): string[] {
  const same = (seen: readonly string[], expected: readonly string[]): boolean =>
    seen.join() === expected.join();
  const claims: [boolean, string][] = [
    [
      before.roundTripMs > 60 && before.roundTripMs < 90,
      `about 70 ms before, it is ${ms(before.roundTripMs)}`,
    ],
    [after.roundTripMs > 25 && after.roundTripMs < 45, `about 30 ms after, it is ${ms(after.roundTripMs)}`],
    [after.thereMs < before.thereMs / 2, `the way there is less than half, it is ${ms(after.thereMs)}`],
    [Math.abs(after.backMs - before.backMs) < 8, `the way back stays, it is ${ms(after.backMs)}`],
    [
      after.received >= after.sent - 1,
      `no loss after, ${after.sent - after.received} of ${after.sent} were lost`,
    ],
    [same(before.there, [setUp.from, setUp.to]), `direct before, it went ${way(before.there)}`],
    [same(after.there, setUp.there), `there by ${way(setUp.there)}, it went ${way(after.there)}`],
    [same(after.back, setUp.back), `back by ${way(setUp.back)}, it went ${way(after.back)}`],
    [same(after.tracedThere, setUp.there), `a growing TTL there agrees, it says ${way(after.tracedThere)}`],
    [same(after.tracedBack, setUp.back), `a growing TTL back agrees, it says ${way(after.tracedBack)}`],
    [
      after.carriedThere >= after.received && after.received > 0,
      `${setUp.between} carries every packet there, it carried ${after.carriedThere} of ${after.received}`,
    ],
    [after.carriedBack === 0, `${setUp.between} carries nothing back, it carried ${after.carriedBack}`],
  ];
  return claims.flatMap(([holds, claim]) => (holds ? [] : [claim]));
}
