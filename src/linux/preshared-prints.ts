// What tells one preshared key from another without telling the key.
import { createHash } from "node:crypto";
import type { NodeState } from "../core/node-state.ts";
import type { Secrets } from "../core/secrets.ts";

export const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

/** As the machine prints it: of the line `wg show` gives, cut at 16 hex digits. A key that is yet to be made is unlike any. */
export const prints = (
  plan: NodeState,
  { presharedKeys }: Pick<Secrets, "presharedKeys">,
): Map<string, string> =>
  new Map(
    plan.interfaces.map(({ tunnel }) => {
      const key = presharedKeys.get(tunnel);
      return [tunnel, key === undefined ? "new" : hash(`${key}\n`).slice(0, 16)];
    }),
  );
