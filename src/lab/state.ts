// What is known of a running lab, in /run/tofro/lab/NAME: written before anything is made, gone when the lab is.
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TofroError } from "../core/error.ts";
import type { ImpairKind, WireLink } from "./impair.ts";
import { linksOf } from "./impair.ts";
import type { Impairment } from "./impairment.ts";
import type { ScheduleEntry } from "./lab-file.ts";
import type { Underlay } from "./underlay.ts";
import type { WireguardKind } from "./wireguard.ts";

export const LABS = "/run/tofro/lab";
export const DEFAULT_LAB = "lab";

/** The content of lab.json; what `set` and the schedule changed since lies beside it, a file a link. */
export interface LabState {
  readonly name: string;
  /** Absolute. */
  readonly labFile: string;
  /** The network file, absolute. */
  readonly network: string;
  readonly wireguard: WireguardKind;
  readonly impair: ImpairKind;
  /** Names of the network's nodes, in its order. */
  readonly nodes: readonly string[];
  readonly underlay: Underlay;
  readonly schedule: readonly ScheduleEntry[];
  /** Unix time when everything was up; absent: still coming up, or it never did. */
  readonly upAtMs?: number;
}

/** Every process of a lab's hosts has `marker(name)` and its host's name as its last argument. */
export const marker = (name: string): string => `tofro-lab/${name}/`;

export function checkLabName(name: string): void {
  if (/^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/.test(name)) return;
  const message = `Cannot use "${name}" as a lab's name: write letters, digits, "-" and "_", at most 63`;
  throw new TofroError(message, { kind: "usage" });
}

/** Takes the name: of two that try only one gets it. Returns false when it is taken. */
export async function claimLab(name: string): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    await mkdir(LABS, { recursive: true, mode: 0o700 });
    try {
      await mkdir(join(LABS, name), { mode: 0o700 });
      return true;
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      // The last lab's `down` has just removed the folder above.
      if (errorCode(error) !== "ENOENT" || attempt > 10) throw error;
    }
  }
}

/** Removes all files of a lab, and the folders above that are empty then. */
export async function releaseLab(name: string): Promise<void> {
  await rm(join(LABS, name), { recursive: true, force: true });
  for (const folder of [LABS, "/run/tofro"]) {
    try {
      await rmdir(folder);
    } catch (error) {
      if (!["ENOTEMPTY", "ENOENT"].includes(errorCode(error))) throw error;
      return;
    }
  }
}

export const writeState = (state: LabState): Promise<void> => write(state.name, "lab.json", state);

/** Throws TofroError "usage" when no such lab is there. */
export async function readState(name: string): Promise<LabState> {
  checkLabName(name);
  const state = await read<LabState>(join(LABS, name, "lab.json"));
  if (state !== undefined) return state;
  const others = (await labNames()).filter((other) => other !== name);
  const hint = others.length > 0 ? `; running: ${others.join(", ")}` : ": `tofro lab up LAB-FILE` starts one";
  throw new TofroError(`Cannot find lab "${name}"${hint}`, { kind: "usage" });
}

/** Keeps what a link does now. */
export const writeLink = (name: string, link: WireLink, impairment: Impairment): Promise<void> =>
  write(name, `${linkFile(link)}.json`, impairment);

/** All links as they are now. */
export const currentLinks = (state: LabState): Promise<WireLink[]> =>
  Promise.all(
    linksOf(state.underlay).map(async (each): Promise<WireLink> => {
      const changed = await read<Impairment>(join(LABS, state.name, `${linkFile(each)}.json`));
      return changed ? { ...each, link: { ...each.link, impairment: changed } } : each;
    }),
  );

export async function labNames(): Promise<string[]> {
  try {
    return (await readdir(LABS)).sort();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

const linkFile = ({ wire, side }: WireLink): string => `link-${wire}-${side}`;

async function write(name: string, file: string, value: unknown): Promise<void> {
  const path = join(LABS, name, file);
  await writeFile(`${path}.${process.pid}`, `${JSON.stringify(value, null, 1)}\n`, { mode: 0o600 });
  await rename(`${path}.${process.pid}`, path);
}

/** Only tofro writes there, so the content is what its writer says; absent: no such file. */
async function read<Value>(path: string): Promise<Value | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Value;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

const errorCode = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";
