// What the agent holds its machine at, told to whoever plans: routes and rules are its own to choose, and no drift.
import { createHash } from "node:crypto";
import { z } from "zod";
import { hostPrefix, parseAddress, parsePrefix, type Address, type Prefix } from "../core/address.ts";
import type { NodeState, Route, Rule } from "../core/node-state.ts";

export interface Held {
  /** Of the configuration that it was chosen with. */
  readonly configPrint: string;
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
}

export const configPrint = (config: string): string => createHash("sha256").update(config).digest("hex");

export const formatHeld = (print: string, { routes, rules }: NodeState): string =>
  `${JSON.stringify({ configPrint: print, routes, rules })}\n`;

/** undefined: it is not what an agent writes. */
export function parseHeld(text: string): Held | undefined {
  try {
    return heldSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const address = z.custom<Address>((text) => typeof text === "string" && parseAddress(text) === text);
const prefix = z.custom<Prefix>((text) => {
  if (typeof text !== "string") return false;
  const host = parseAddress(text.replace(/\/(?:32|128)$/, ""));
  return parsePrefix(text)?.prefix === text || (host !== undefined && hostPrefix(host) === text);
});

const heldSchema = z.strictObject({
  configPrint: z.string(),
  routes: z.array(
    z.strictObject({
      prefix,
      interface: z.string().regex(/^[\w.-]{1,15}$/),
      table: z.union([z.literal("main"), z.int().positive()]),
      source: address,
      mtu: z.int().exactOptional(),
      advmss: z.int().exactOptional(),
    }),
  ),
  rules: z.array(
    z.strictObject({
      priority: z.int(),
      iif: z.string().regex(/^[\w.-]{1,15}$/),
      from: prefix,
      table: z.int().positive(),
    }),
  ),
});
