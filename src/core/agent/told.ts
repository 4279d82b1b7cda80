// What an agent tells commands of its choice and its links, read by tofros that may be older or newer than it.
import { z } from "zod";
import type { Incoming } from "./incoming.ts";
import { choiceText, linkReport, type ChoiceText } from "./messages.ts";

/** Asks for the choice; an agent that does not know what `with` means tells no more than that. */
export const TELL = { get: "choice", with: "status" } as const;

/** Figures are there when enough was heard of late. */
const link = z.object({
  tunnel: z.string(),
  from: z.string(),
  condition: z.enum(["unheard", "up", "down", "held"]),
  forMs: z.number(),
  ...linkReport.pick({ life: true, rawMs: true, boundMs: true, jitterMs: true, losses: true }).partial()
    .shape,
});

/** As the agent says it. */
export const tellLink = (tunnel: string, from: string, incoming: Incoming, nowMs: number): object => ({
  tunnel,
  from,
  ...incoming.standing(nowMs),
  ...incoming.figures(nowMs),
});

const status = z.object({
  /** Of its own test packets: another one with each start. */
  life: z.int(),
  /** Who it is; absent: nobody. */
  controller: z.object({ node: z.string().optional(), isConnected: z.boolean() }),
  /** `trouble`: why the machine is not as it should be. */
  keeper: z.object({ trouble: z.string().optional() }),
  links: z.array(link),
  /** Of the agent that runs the controller. */
  network: z
    .object({ history: z.object({ kept: z.enum(["disk", "memory"]), trouble: z.string().optional() }) })
    .optional(),
});
export type AgentStatus = z.infer<typeof status>;

export interface Told {
  readonly choice: ChoiceText;
  /** Absent: the agent is of another version, which tells none. */
  readonly status?: AgentStatus;
}

const told = z.object({ ...choiceText.shape, status: z.unknown().optional() });

/** Undefined: it is no answer to `TELL`. */
export function parseTold(answer: unknown): Told | undefined {
  const found = told.safeParse(answer).data;
  if (found === undefined) return undefined;
  const { status: text, ...choice } = found;
  const read = status.safeParse(text).data;
  return { choice, ...(read && { status: read }) };
}
