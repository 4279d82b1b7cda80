// What agents and the controller say to each other, as values. JSON on the wire: numbers are finite.
import { z } from "zod";
import type { Choice } from "../choose/choice.ts";

const link = z.int().min(0);
const count = z.int().min(0);

/** Of one link, by its receiver: it alone can tell. */
const notice = z.strictObject({
  link,
  down: z.boolean(),
  /** Of the receiver: larger with each start of its agent. */
  life: z.number(),
  /** Counts up with each notice of one life. */
  number: count,
});
export type Notice = z.infer<typeof notice>;

/** By datagram, from agent to agent. */
export const signal = z.strictObject({ notices: z.array(notice) });

/** One incoming link over its windows: see `WindowFigures`. */
export const linkReport = z.strictObject({
  link,
  life: count,
  samples: count,
  rawMs: z.number(),
  boundMs: z.number(),
  jitterMs: z.number(),
  losses: z.array(z.strictObject({ windowMs: count, sent: count, lost: count })),
});
export type LinkReport = z.infer<typeof linkReport>;

export const choiceText = z.strictObject({
  epoch: count,
  trees: z.array(z.array(z.int().min(-1))),
  paths: z.array(z.tuple([count, z.array(link)])),
  dead: z.array(link),
});

/**
 * What a relay forwarded from one of its links to another: octets of IP. With the number of all links plus a node's index in the
 * place of the second link: what came for this node from that one, which is no link to a controller of before.
 */
const forwarded = z.tuple([link, link, count]);
export type Forwarded = z.infer<typeof forwarded>;

export const toController = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("join"),
    /** Of the network as its agent knows it; the controller's must be the same. */
    network: z.string(),
    /** STAMP session id of its test packets. */
    life: count,
    epoch: count,
  }),
  z.strictObject({
    kind: z.literal("report"),
    epoch: count,
    links: z.array(linkReport),
    notices: z.array(notice),
    /** For others; of nodes that the file sets a limit to. */
    carried: z.strictObject({ bps: z.number().min(0), monthBytes: count }).exactOptional(),
    /** Since it was told last, or the stream began. */
    forwarded: z.array(forwarded).exactOptional(),
  }),
  /** At which distances it has something to change for this choice. */
  z.strictObject({ kind: z.literal("ready"), epoch: count, distances: z.array(count) }),
  z.strictObject({ kind: z.literal("done"), epoch: count, distance: count }),
  z.strictObject({ kind: z.literal("choice"), choice: choiceText }),
]);
export type ToController = z.infer<typeof toController>;

export const toAgent = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("prepare"),
    choice: choiceText,
    /** At once and as a whole: everybody else has it already. */
    settle: z.boolean(),
  }),
  /** Everything up to this distance. */
  z.strictObject({ kind: z.literal("go"), epoch: count, distance: count }),
  z.strictObject({ kind: z.literal("sync"), notices: z.array(notice) }),
  /** For the choice that it holds. */
  z.strictObject({ kind: z.literal("ask") }),
]);
export type ToAgent = z.infer<typeof toAgent>;

export type ChoiceText = z.infer<typeof choiceText>;

export const choiceToText = ({ epoch, trees, paths, dead }: Choice): ChoiceText => ({
  epoch,
  trees: trees.map((tree) => [...tree]),
  paths: Array.from(paths, ([pair, links]) => [pair, [...links]]),
  dead: [...dead],
});

/** Undefined: it is of another network than one of so many nodes and links. */
export function choiceFromText(text: ChoiceText, nodes: number, links: number): Choice | undefined {
  const read = choices.get(text);
  if (read?.nodes === nodes && read.links === links) return read.choice;
  const knows = (each: number): boolean => each < links;
  const fits =
    text.trees.length === nodes &&
    text.trees.every((tree) => tree.length === nodes && tree.every(knows)) &&
    text.paths.every(([pair, path]) => pair < nodes * nodes && path.every(knows)) &&
    text.dead.every(knows);
  if (!fits) return undefined;
  const choice = {
    epoch: text.epoch,
    trees: text.trees.map((tree) => new Int32Array(tree)),
    paths: new Map(text.paths),
    dead: new Set(text.dead),
  };
  choices.set(text, { choice, nodes, links });
  return choice;
}

/** None ever changes, and in a simulation all agents are told by the same text. */
const choices = new WeakMap<
  ChoiceText,
  { readonly choice: Choice; readonly nodes: number; readonly links: number }
>();
