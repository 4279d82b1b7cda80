// One incoming link as its receiver sees it: silent or alive, and since when.
import { patienceMs } from "./detector.ts";
import { Window, type HeardPacket, type WindowFigures } from "./window.ts";

export type Condition =
  /** Nothing heard yet, and the time for it is not over. */
  "unheard" | "up" | "down";

/** A link's condition for people. */
export interface Standing {
  /** `held`: heard again after an outage, and it counts as up when it was heard well for long enough. */
  readonly condition: Condition | "held";
  /** How long it has been so, as far as this life of the agent knows. */
  readonly forMs: number;
}

export interface IncomingOptions {
  /** Between two packets of the sender. */
  readonly intervalMs: number;
  /** Heard well for so long before it counts as up again. */
  readonly holdMs: number;
}

/** Handshakes, and a sender that starts later. */
const FIRST_MS = 5_000;
const PACE_MS = 1_000;
/** The hold doubles with each relapse, up to this. */
const LONGEST_HOLD_MS = 300_000;
/** So many holds without a relapse, and all is forgotten. */
const FORGIVEN = 10;

export class Incoming {
  readonly #options: IncomingOptions;
  readonly #window: Window;
  #condition: Condition;
  #begunMs: number;
  /** The condition is as it is since then. */
  #sinceMs: number;
  #heardMs = NaN;
  /** Down: since when it has been heard without a gap. */
  #goodMs = NaN;
  #upMs = NaN;
  #holdMs: number;
  /** It was up, and fell: it has to hold before it counts again. */
  #fell: boolean;
  #patience = { ms: 0, atMs: -Infinity };

  /** `condition`: as an earlier life of this agent left it. */
  constructor(options: IncomingOptions, nowMs: number, condition: Condition = "unheard") {
    this.#options = options;
    this.#window = new Window(options.intervalMs);
    this.#condition = condition;
    this.#begunMs = nowMs;
    this.#sinceMs = nowMs;
    this.#holdMs = options.holdMs;
    this.#fell = condition === "down";
  }

  get condition(): Condition {
    return this.#condition;
  }

  /** ms on the receiver's clock; NaN: never. */
  get heardMs(): number {
    return this.#heardMs;
  }

  hear(packet: HeardPacket): void {
    // What an outage cost is no property of the link that is back.
    if (this.#condition === "down" && Number.isNaN(this.#goodMs)) this.#window.clear();
    if (!this.#window.hear(packet)) return;
    this.#heardMs = packet.heardMs;
    if (Number.isNaN(this.#goodMs)) this.#goodMs = packet.heardMs;
  }

  /** The receiver itself did not run for so long: what it did not hear then says nothing. */
  forgive(ms: number): void {
    this.#heardMs += ms;
    this.#begunMs += ms;
  }

  /** Returns the new condition when it has changed. */
  tick(nowMs: number): Condition | undefined {
    const before = this.#condition;
    this.#condition = this.#next(nowMs);
    if (this.#condition === before) return undefined;
    this.#sinceMs = nowMs;
    return this.#condition;
  }

  standing(nowMs: number): Standing {
    const isHeld = this.#condition === "down" && !Number.isNaN(this.#goodMs);
    return isHeld
      ? { condition: "held", forMs: nowMs - this.#goodMs }
      : { condition: this.#condition, forMs: nowMs - this.#sinceMs };
  }

  /** Absent: too little was heard. */
  figures(nowMs: number): WindowFigures | undefined {
    return this.#window.figures(nowMs);
  }

  #next(nowMs: number): Condition {
    const { holdMs } = this.#options;
    switch (this.#condition) {
      case "unheard":
        if (!Number.isNaN(this.#heardMs)) return this.#rise(nowMs);
        return nowMs - this.#begunMs > FIRST_MS ? "down" : "unheard";
      case "up":
        if (!this.#isSilent(nowMs)) {
          if (nowMs - this.#upMs > FORGIVEN * this.#holdMs) this.#holdMs = holdMs;
          return "up";
        }
        this.#goodMs = NaN;
        this.#fell = true;
        return "down";
      case "down":
        if (!this.#fell && !Number.isNaN(this.#heardMs)) return this.#rise(nowMs);
        if (Number.isNaN(this.#goodMs)) return "down";
        if (this.#isSilent(nowMs)) this.#goodMs = NaN;
        else if (nowMs - this.#goodMs >= this.#holdMs) {
          this.#holdMs = Math.min(2 * this.#holdMs, LONGEST_HOLD_MS);
          return this.#rise(nowMs);
        }
        return "down";
    }
  }

  #rise(nowMs: number): Condition {
    this.#upMs = nowMs;
    return "up";
  }

  #isSilent(nowMs: number): boolean {
    if (nowMs - this.#patience.atMs >= PACE_MS) {
      const { intervalMs } = this.#options;
      const [loss, latenessMs] = [this.#window.loss(nowMs), this.#window.lateness(nowMs)];
      this.#patience = { ms: patienceMs({ intervalMs, loss, latenessMs }), atMs: nowMs };
    }
    return nowMs - this.#heardMs >= this.#patience.ms;
  }
}
