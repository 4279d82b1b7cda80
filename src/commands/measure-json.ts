// `measure --json`: the shape in docs/json.md.
import type { Gain, Way } from "../core/measure/directions.ts";
import { lossOf, type DelayInterval, type LinkFigures } from "../core/measure/measurement.ts";
import { ratioOf } from "../core/measure/tally.ts";
import type { MeasureReport } from "./measure.ts";

export const measureJson = ({ measurement, directions, stamps, tunnels, ...rest }: MeasureReport): string =>
  `${JSON.stringify(
    {
      seconds: rest.seconds,
      ratePerS: rest.ratePerS,
      stamps: Object.fromEntries(stamps),
      unevenClocksMs: rounded(measurement.loosenedMs),
      links: measurement.links.filter(({ tunnel }) => tunnels.has(tunnel)).map(linkJson),
      directions: directions.map(({ planned, best, gain, ...direction }) => ({
        ...direction,
        ...(planned && { planned: wayJson(planned) }),
        ...(best && { best: wayJson(best) }),
        ...(gain && { gain: gainJson(gain) }),
      })),
      failures: rest.failures,
    },
    undefined,
    2,
  )}\n`;

/** Microseconds are more than stamps are good for. */
export const rounded = (value: number): number => Math.round(value * 1000) / 1000;
export const percent = (share: number): number => rounded(share * 100);

export const delayJson = ({ guessMs, lowestMs, highestMs }: DelayInterval): DelayInterval => ({
  guessMs: rounded(guessMs),
  lowestMs: rounded(lowestMs),
  highestMs: rounded(highestMs),
});

const linkJson = ({ packets, timing, ...link }: LinkFigures): unknown => ({
  tunnel: link.tunnel,
  from: link.from,
  to: link.to,
  packets: { sent: packets.sent, lost: packets.lost, reordered: packets.reordered, doubled: packets.doubled },
  undecided: link.undecided,
  ...(timing && {
    lossPercent: percent(lossOf({ packets })),
    reorderedPercent: percent(ratioOf(packets.reordered, packets.seen)),
    delay: delayJson(timing.delay),
    roundTripMs: rounded(timing.roundTripMs),
    jitterMs: { p50: rounded(timing.jitterMs.p50), p95: rounded(timing.jitterMs.p95) },
  }),
});

const wayJson = ({ path, tunnels, figures }: Way): unknown => ({
  path,
  tunnels,
  ...(figures && {
    delay: delayJson(figures.delay),
    jitterMs: rounded(figures.jitterMs),
    lossPercent: percent(figures.loss),
  }),
});

const gainJson = ({ delayMs, jitterMs, loss, costMs, worthwhile }: Gain): unknown => ({
  delayMs: rounded(delayMs),
  jitterMs: rounded(jitterMs),
  lossPercent: percent(loss),
  costMs: rounded(costMs),
  worthwhile,
});
