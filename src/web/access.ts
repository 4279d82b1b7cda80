// Who may look: a token that works once opens a session, told by a cookie. Neither is kept as it is, only its hash.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const WINDOW_MS = 60_000;
/** Wrong tokens in that time, of everybody together: nobody guesses 256 bits, and nobody else is locked out for long. */
const TRIES = 10;
const SESSIONS = 100;

export class Access {
  #token: Buffer | undefined;
  #sessions: Buffer[] = [];
  #failuresMs: number[] = [];

  /** A new token; the one before is void. */
  issue(): string {
    const token = secret();
    this.#token = hashOf(token);
    return token;
  }

  /** The session for a token. `wait`: too many wrong ones of late. */
  enter(token: string, nowMs: number): { readonly session: string } | "wrong" | "wait" {
    this.#failuresMs = this.#failuresMs.filter((each) => nowMs - each < WINDOW_MS);
    if (this.#failuresMs.length >= TRIES) return "wait";
    if (this.#token === undefined || !timingSafeEqual(this.#token, hashOf(token))) {
      this.#failuresMs.push(nowMs);
      return "wrong";
    }
    this.#token = undefined;
    const session = secret();
    this.#sessions = [...this.#sessions, hashOf(session)].slice(-SESSIONS);
    return { session };
  }

  knows(session: string): boolean {
    const hash = hashOf(session);
    return this.#sessions.some((each) => timingSafeEqual(each, hash));
  }
}

const secret = (): string => randomBytes(32).toString("base64url");
const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();
