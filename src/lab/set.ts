// Changes links of a running lab: what an argument says, checked as a whole before anything changes.
import { TofroError } from "../core/error.ts";
import { IMPAIRERS, namespacesOf } from "./lab.ts";
import type { Impairment } from "./impairment.ts";
import { IMPAIRMENT_KEYS, isImpairmentKey, parseImpairment } from "./impairment.ts";
import type { WireLink } from "./impair.ts";
import type { Direction } from "./lab-file.ts";
import { isSameDirection, parseDirections } from "./lab-file.ts";
import { currentLinks, readState, writeLink } from "./state.ts";

/** What one change names: the links and the new values; the others stay. */
export interface LinkChange {
  readonly directions: readonly Direction[];
  readonly change: Partial<Impairment>;
}

/** Reads `a -> c` and `delay=120ms`, …; throws TofroError "usage" with the first mistake. */
export function parseChange(
  line: string,
  assignments: readonly string[],
  names: readonly string[],
  uplinksOf?: (from: string, to: string) => readonly string[],
): LinkChange {
  const report = (_code: string, _offset: number, message: string, hint: string): void => {
    throw usage(`${message}; ${hint}`);
  };
  const directions = parseDirections(line, names, report, undefined, uplinksOf);
  if (assignments.length === 0) throw usage("say what changes, as in `delay=120ms loss=10%`");
  const change: Partial<Impairment> = {};
  for (const assignment of assignments) {
    const [, key = assignment, value = ""] = /^([^=]*)=(.*)$/.exec(assignment) ?? [];
    if (!isImpairmentKey(key)) {
      throw usage(`"${assignment}" is none of ${IMPAIRMENT_KEYS.map((each) => `${each}=…`).join(", ")}`);
    }
    const read = parseImpairment(key, value);
    if (typeof read === "string") throw usage(`"${key}" must be ${read}`);
    Object.assign(change, read);
  }
  return { directions, change };
}

/** Changes links while traffic flows; returns them as they are now. */
export async function set(name: string, { directions, change }: LinkChange): Promise<WireLink[]> {
  const state = await readState(name);
  const links = (await currentLinks(state)).filter(({ link }) =>
    directions.some((each) => isSameDirection(link, each)),
  );
  const find = namespacesOf(state);
  return Promise.all(
    links.map(async (each): Promise<WireLink> => {
      const impairment = { ...each.link.impairment, ...change };
      await IMPAIRERS[state.impair].change(state.underlay, each, impairment, find);
      await writeLink(name, each, impairment);
      return { ...each, link: { ...each.link, impairment } };
    }),
  );
}

const usage = (why: string): TofroError =>
  new TofroError(`Cannot change the underlay: ${why}`, { kind: "usage" });
