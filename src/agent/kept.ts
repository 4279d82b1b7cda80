// What an agent leaves for its next life: what it has installed, also half-way through a move, and which of its links were down.
import { z } from "zod";
import { LAST } from "../core/agent/agent.ts";
import type { Condition } from "../core/agent/incoming.ts";
import { wholeOf, type Installed } from "../core/agent/installed.ts";
import { choiceFromText, choiceText, choiceToText, type ChoiceText } from "../core/agent/messages.ts";
import type { Choice } from "../core/choose/choice.ts";
import type { LinkIndex } from "../core/route.ts";

export interface Kept {
  /** Of the network: indices mean nothing in another. */
  readonly print: string;
  readonly installed: Installed;
  readonly conditions: ReadonlyMap<LinkIndex, Condition>;
}

const schema = z.strictObject({
  print: z.string(),
  /** The last that was installed whole. */
  choice: choiceText,
  /** Moves that are not over, the first one first. */
  moves: z.array(z.strictObject({ choice: choiceText, distance: z.int().min(-1) })).default([]),
  conditions: z.array(z.tuple([z.int().min(0), z.enum(["unheard", "up", "down"])])),
});

export const formatKept = ({ print, installed, conditions }: Kept): string =>
  `${JSON.stringify({
    print,
    choice: choiceToText(wholeOf(installed)),
    moves: movesOf(installed).map(({ choice, distance }) => ({ choice: choiceToText(choice), distance })),
    conditions: [...conditions],
  })}\n`;

/** Undefined: it is of another network, or not what an agent writes. Only links that were down are remembered as such. */
export function parseKept(text: string, print: string): Kept | undefined {
  try {
    const value = schema.parse(JSON.parse(text));
    if (value.print !== print) return undefined;
    const size = value.choice.trees.length;
    const choiceOf = (each: ChoiceText): Choice => {
      const choice = choiceFromText(each, size, Number.MAX_SAFE_INTEGER);
      if (choice === undefined) throw new Error("it is of another network");
      return choice;
    };
    const installed = value.moves.reduce<Installed>(
      (before, { choice, distance }) => ({ choice: choiceOf(choice), before, distance }),
      { choice: choiceOf(value.choice), distance: LAST },
    );
    const down = value.conditions.filter(([, condition]) => condition === "down");
    return { print, installed, conditions: new Map(down) };
  } catch {
    return undefined;
  }
}

const movesOf = ({ choice, before, distance }: Installed): { choice: Choice; distance: number }[] =>
  before === undefined ? [] : [...movesOf(before), { choice, distance }];
