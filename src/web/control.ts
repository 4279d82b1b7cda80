// Changing requests: what may be changed, and which requests may.
import type { IncomingHttpHeaders } from "node:http";
import type { ChangedLink } from "../controller/wire.ts";

/** What `--allow-changes` allows. */
export interface Control {
  /** Makes true what is supposed: `what` is a `Supposition` as JSON. False: it is none, or names what is not there. */
  readonly change: (what: string) => Promise<boolean>;
  /** Everything that `change` has changed is as before. */
  readonly restore: () => Promise<void>;
  /** And not restored. */
  readonly changed: () => readonly ChangedLink[];
}

/** Of what the page sends alone: a form of another site cannot set it, and a script of one must ask first, which nobody answers. */
const OWN_HEADER = "x-tofro";
const WINDOW_MS = 10_000;
/** Changes in that time. */
const MOST = 20;

/** Whether the page itself sends this, for somebody who uses it, and no other site. Its host is known to be our own. */
export const isOwnPage = (headers: IncomingHttpHeaders): boolean =>
  headers.origin === `http://${headers.host ?? ""}` &&
  (headers["sec-fetch-site"] ?? "same-origin") === "same-origin" &&
  headers["content-type"] === "application/json" &&
  headers[OWN_HEADER] === "page";

/** Whoever holds a button down does not keep a lab busy. */
export class Pace {
  #takenMs: number[] = [];

  /** False: there were too many of late. */
  take(nowMs: number): boolean {
    this.#takenMs = this.#takenMs.filter((each) => nowMs - each < WINDOW_MS);
    if (this.#takenMs.length >= MOST) return false;
    this.#takenMs.push(nowMs);
    return true;
  }
}
