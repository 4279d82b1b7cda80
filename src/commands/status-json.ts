// `status --json`: the shape in docs/json.md.
import { delayJson, percent, rounded } from "./measure-json.ts";
import type { StatusReport } from "./status-text.ts";

/** Of several each stands on one line. */
export const statusJson = (
  { tunnels, directions, drift, unreachable, notes, stamps, historyS }: StatusReport,
  isOneLine: boolean,
): string =>
  `${JSON.stringify(
    {
      tunnels,
      directions: directions.map(({ figures, history, ...direction }) => ({
        ...direction,
        ...(figures && { delay: delayJson(figures.delay), lossPercent: percent(figures.loss) }),
        historyMs: history.map((value) => (value === null ? null : rounded(value))),
      })),
      drift: Object.fromEntries(drift),
      unreachable,
      notes,
      stamps: Object.fromEntries(stamps),
      historyS: Math.round(historyS),
    },
    undefined,
    isOneLine ? undefined : 2,
  )}\n`;
