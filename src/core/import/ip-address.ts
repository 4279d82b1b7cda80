// `ip address show`, with `-o` or without: the devices of a machine with their addresses.
import type { Diagnostics } from "../diagnostics.ts";
import { familyOf } from "../address.ts";
import type { Position } from "../error.ts";
import type { Output } from "./output.ts";
import type { SaidAddress } from "./script.ts";
import { quoteLine, writtenAddress } from "./values.ts";

export interface SeenDevice {
  readonly name: string;
  readonly at: Position;
  readonly mtu?: number;
  /** A dummy, by its flags or its kind: what is on it is meant to outlive links. */
  readonly isDummy: boolean;
}

export interface SeenAddresses {
  readonly devices: readonly SeenDevice[];
  readonly addresses: readonly SaidAddress[];
}

const AGAIN = "save `ip address show` again, whole";

export function readAddresses({ lines }: Output, found: Diagnostics): SeenAddresses {
  const devices: SeenDevice[] = [];
  const addresses: SaidAddress[] = [];
  for (const { value: line, at } of lines) {
    const [, name, flags, rest = ""] = /^\d+: ([^:@\s]+)(?:@[^\s:]+)?: <([^>]*)>(.*)$/.exec(line) ?? [];
    const [, device, family, said] = /^\d+: ([^:@\s]+)(?:@\S+)?\s+(inet6?) (.*)$/.exec(line) ?? [];
    const [, ofLast, saidOfLast] = /^\s+(inet6?)(?: (.*))?$/.exec(line) ?? [];
    const last = devices.at(-1);
    if (name !== undefined) {
      const mtu = Number(/ mtu (\d{1,9})\b/.exec(rest)?.[1] ?? NaN);
      devices.push({ name, at, isDummy: isDummyBy(flags!.split(",")), ...(mtu > 0 && { mtu }) });
    } else if (device !== undefined) {
      if (!devices.some((each) => each.name === device))
        devices.push({ name: device, at, isDummy: device.startsWith("dummy") });
      addresses.push(...addressOf(family!, said!, device, at, found));
    } else if (ofLast !== undefined && last !== undefined)
      addresses.push(...addressOf(ofLast, saidOfLast ?? "", last.name, indented(line, at), found));
    else if (/^\s+dummy\b/.test(line) && last !== undefined)
      devices.push({ ...devices.pop()!, isDummy: true });
    else if (!/^\s/.test(line) || last === undefined)
      found.error("bad-output", at, `${quoteLine(line)} is no line of \`ip address show\``, AGAIN);
  }
  return { devices, addresses };
}

/** An Ethernet device without ARP and multicast: nothing else has addresses and is so. */
export const isDummyBy = (flags: readonly string[]): boolean =>
  flags.includes("BROADCAST") && flags.includes("NOARP") && !flags.includes("MULTICAST");

const indented = (line: string, at: Position): Position => ({
  ...at,
  column: at.column + line.length - line.trimStart().length,
});

/** `10.0.0.1/24 brd 10.0.0.255 scope global wg0`, `10.0.0.1 peer 10.0.0.2/32 scope global wg0`. */
function addressOf(
  family: string,
  said: string,
  device: string,
  at: Position,
  found: Diagnostics,
): SaidAddress[] {
  const words = said.split("\\")[0]!.trim().split(/\s+/);
  const peer = words[1] === "peer" ? (words[2] ?? "") : undefined;
  return seenAddress({ family, local: words[0]!, peer, device, at }, found);
}

export interface AddressWords {
  readonly family: string;
  readonly local: string;
  /** With the prefix. */
  readonly peer?: string | undefined;
  readonly device: string;
  readonly at: Position;
}

/** None: it is wrong and reported. */
export function seenAddress(
  { family, local, peer, device, at }: AddressWords,
  found: Diagnostics,
): SaidAddress[] {
  const written = writtenAddress(local);
  const other = peer === undefined ? undefined : writtenAddress(peer);
  const isRight = written !== undefined && (peer === undefined || other !== undefined);
  if (isRight && familyOf(written.address) === (family === "inet6" ? 6 : 4))
    return [{ ...written, device, at, ...(other && { peer: other.prefix }) }];
  const text = isRight || written === undefined ? local : peer!;
  found.error("bad-address", at, `${quoteLine(text)} is no address of \`${family}\``, AGAIN);
  return [];
}
