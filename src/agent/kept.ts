// What an agent leaves for its next life: which choice it carried out, and which of its links were down.
import { z } from "zod";
import type { Condition } from "../core/agent/incoming.ts";
import { choiceFromText, choiceText, choiceToText } from "../core/agent/messages.ts";
import type { Choice } from "../core/choose/choice.ts";
import type { LinkIndex } from "../core/route.ts";

export interface Kept {
  /** Of the network: indices mean nothing in another. */
  readonly print: string;
  readonly choice: Choice;
  readonly conditions: ReadonlyMap<LinkIndex, Condition>;
}

const schema = z.strictObject({
  print: z.string(),
  choice: choiceText,
  conditions: z.array(z.tuple([z.int().min(0), z.enum(["unheard", "up", "down"])])),
});

export const formatKept = ({ print, choice, conditions }: Kept): string =>
  `${JSON.stringify({ print, choice: choiceToText(choice), conditions: [...conditions] })}\n`;

/** Undefined: it is of another network, or not what an agent writes. Only links that were down are remembered as such. */
export function parseKept(text: string, print: string): Kept | undefined {
  try {
    const value = schema.parse(JSON.parse(text));
    if (value.print !== print) return undefined;
    const size = value.choice.trees.length;
    const choice = choiceFromText(value.choice, size, Number.MAX_SAFE_INTEGER);
    const down = value.conditions.filter(([, condition]) => condition === "down");
    return choice && { print, choice, conditions: new Map(down) };
  } catch {
    return undefined;
  }
}
