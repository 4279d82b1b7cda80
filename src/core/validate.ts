// What no part of the file can know alone: names that exist, addresses that fit, paths that tunnels can carry.
import type { Diagnostics } from "./diagnostics.ts";
import type { Draft } from "./draft.ts";

/** Reports every mistake of meaning; runs on drafts with gaps, too. */
export function validate(_draft: Draft, _found: Diagnostics): void {}
