// `trace --json`: the shape in docs/json.md.
import type { DirectionTrace } from "../core/trace/trace.ts";
import { delayJson, percent } from "./measure-json.ts";
import { linkOf, wholeOf } from "./trace-figures.ts";
import type { TraceReport } from "./trace.ts";

export const traceJson = (report: TraceReport, ok: boolean): string => {
  const { directions, unreachable, failures } = report;
  const value = {
    ok,
    directions: directions.map((each) => directionJson(each, report)),
    unreachable,
    failures,
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
};

function directionJson(direction: DirectionTrace, { figures }: TraceReport): unknown {
  const whole = wholeOf(direction, figures);
  return {
    ...direction,
    hops: direction.hops.map((hop) => {
      const link = linkOf(hop, figures);
      return link === undefined
        ? hop
        : { ...hop, delay: delayJson(link.delay), lossPercent: percent(link.loss) };
    }),
    ...(whole && { delay: delayJson(whole.delay), lossPercent: percent(whole.loss) }),
  };
}
