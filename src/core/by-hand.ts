// Nodes with `platform:`: their machines are set up by files of `export`, and no verb of tofro goes there.
import { TofroError } from "./error.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import type { DraftNode } from "./draft.ts";
import type { Platform, Spec } from "./spec.ts";

export interface ByHand {
  readonly node: string;
  readonly platform: Platform;
}

/** In the file's order. */
export const byHandOf = ({ nodes }: Pick<Spec, "nodes">): ByHand[] =>
  nodes.flatMap(({ name, platform }) =>
    platform === undefined ? [] : [{ node: name, platform: platform.value }],
  );

/** What to do there, for those who wonder why nothing was done. */
export const byHandText = ({ node, platform }: ByHand): string =>
  `${node}: not touched (platform: ${platform}); \`tofro export ${platform}\` writes what it needs`;

export function validatePlatform(node: DraftNode, found: Diagnostics): void {
  if (node.platform === undefined || node.makesItsKey !== true) return;
  found.error(
    "platform-key",
    node.platform.at,
    `nobody makes the key of ${quote(node.name)}: apply does not go there`,
    "write its public key in `public_key:`, or leave `public_key` out",
  );
}

/** Throws "input": agents need each other, and there is none on such a machine. */
export function refuseByHand({ nodes }: Pick<Spec, "nodes">): void {
  const diagnostics = nodes.flatMap(({ name, platform }) =>
    platform === undefined
      ? []
      : [
          {
            code: "platform-with-agents",
            severity: "error" as const,
            at: platform.at,
            message: `${quote(name)} is set up by hand, so it can have no agent, and the others cannot do without`,
            hint: "remove `platform`, or go on without agents: `apply --no-agent`",
          },
        ],
  );
  if (diagnostics.length > 0)
    throw new TofroError("Agents cannot have this network", { kind: "input", diagnostics });
}
