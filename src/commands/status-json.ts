// `status --json`: the shape in docs/json.md.
import type { LinkStatus } from "../core/status/links.ts";
import { delayJson, percent, rounded } from "./measure-json.ts";
import type { StatusReport } from "./status-text.ts";

/** Of several each stands on one line. */
export const statusJson = (
  { tunnels, links, agents, directions, drift, unreachable, notes, stamps, historyS }: StatusReport,
  isOneLine: boolean,
): string =>
  `${JSON.stringify(
    {
      tunnels,
      ...(agents.size > 0 && { agents: Object.fromEntries(agents), links: links.map(linkJson) }),
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

const linkJson = ({ forMs, delay, jitterMs, loss, ...link }: LinkStatus): unknown => ({
  ...link,
  forS: Math.round(forMs / 1000),
  ...(delay && { delay: delayJson(delay) }),
  ...(jitterMs !== undefined && { jitterMs: rounded(jitterMs) }),
  ...(loss !== undefined && { lossPercent: percent(loss) }),
});
