// What an agent holds its machine at, told to whoever plans: routes and rules are its own to choose, and no drift.
import { z } from "zod";
import type { NodeState, Route, Rule } from "../node-state.ts";
import { address, prefix } from "../value-schemas.ts";

export interface Held {
  /** SHA-256 of the configuration that the agent began with, hex. */
  readonly configPrint: string;
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
}

export const formatHeld = (print: string, { routes, rules }: NodeState): string =>
  `${JSON.stringify({ configPrint: print, routes, rules })}\n`;

const schema = z.strictObject({
  configPrint: z.string(),
  routes: z.array(
    z.strictObject({
      prefix,
      interface: z.string(),
      table: z.union([z.literal("main"), z.number()]),
      source: address,
      mtu: z.number().exactOptional(),
      advmss: z.number().exactOptional(),
    }),
  ),
  rules: z.array(
    z.strictObject({
      priority: z.number(),
      iif: z.string().exactOptional(),
      from: prefix,
      to: prefix.exactOptional(),
      fwmark: z.number().exactOptional(),
      table: z.union([z.literal(["main", "unreachable"]), z.number()]),
      suppressPrefixLength: z.number().exactOptional(),
    }),
  ),
});

/** Undefined: it is not what an agent writes. */
export function parseHeld(text: string): Held | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
