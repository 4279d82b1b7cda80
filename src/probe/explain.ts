// Why nothing came back through a tunnel, from what both of its ends saw.
import { STAMP_PORT } from "../stamp/config.ts";
import type { Collected } from "./machine.ts";
import type { PlannedSession } from "./sessions.ts";

/** One sentence; the likely cause, and what speaks for it. */
export function explain(
  { sender, reflector, port }: PlannedSession,
  from: Collected | undefined,
  to: Collected | undefined,
  error: string | undefined,
): string {
  if (from === undefined || to === undefined) {
    const missing = from === undefined ? sender.node : reflector.node;
    return `${missing} took no part, see there`;
  }
  if (error !== undefined && !error.includes("ECONNREFUSED")) {
    return `${sender.node} cannot send by ${sender.interface}: ${error}`;
  }
  const seen = to.result.reflected.find((each) => each.address === sender.address && each.port === port);
  if (seen !== undefined && seen.answered > 0) {
    return `${reflector.node} answered ${seen.answered} probes and none came back: probably a firewall on ${sender.node} drops UDP from port ${STAMP_PORT} that comes in by ${sender.interface}`;
  }
  if (seen !== undefined && seen.received > 0) {
    return `${seen.received} probes reached ${reflector.node}, but they are not as they were sent`;
  }
  const shaken = [from.handshakes.get(sender.interface), to.handshakes.get(reflector.interface)];
  if (shaken.every((time) => time === 0)) {
    return `the tunnel never had a handshake: WireGuard's own packets do not get from ${sender.node} to ${reflector.node} and back`;
  }
  return `no probe reached ${reflector.node}: probably a firewall there drops UDP port ${STAMP_PORT} that comes in by ${reflector.interface}, or the tunnel's handshake is too old to be alive`;
}
