// What the agent holds its machine at, told to whoever plans: routes and rules are its own to choose, and no drift.
import { createHash } from "node:crypto";
import type { NodeState } from "../core/node-state.ts";

export const configPrint = (config: string): string => createHash("sha256").update(config).digest("hex");

export const formatHeld = (print: string, { routes, rules }: NodeState): string =>
  `${JSON.stringify({ configPrint: print, routes, rules })}\n`;
