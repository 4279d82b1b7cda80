// Addresses and prefixes in files that tofro writes itself, for zod.
import { z } from "zod";
import { parseAddress, parsePrefix, type Address, type Prefix } from "./address.ts";

export const address = z.string().transform((text, context): Address => {
  const found = parseAddress(text);
  if (found !== undefined) return found;
  context.addIssue("must be an IP address");
  return z.NEVER;
});

export const prefix = z.string().transform((text, context): Prefix => {
  const found = parsePrefix(text);
  if (found !== undefined) return found.prefix;
  context.addIssue("must be a prefix");
  return z.NEVER;
});
