// A port as an argument.
import { InvalidArgumentError } from "@commander-js/extra-typings";

/** 0: a free one. */
export function parsePort(text: string): number {
  const value = Number(text);
  if (/^\d{1,5}$/.test(text) && value < 65_536) return value;
  throw new InvalidArgumentError("Write a port, or 0.");
}
