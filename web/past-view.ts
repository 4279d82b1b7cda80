// Where the page shows a pair over time: follows the pair and the span that are chosen, and asks again as time goes on.
import type { PairPast } from "../src/controller/wire.ts";
import { show } from "./document.ts";
import { find, json } from "./page.ts";
import { pastParts, SPANS } from "./past.ts";
import { text } from "./tree.ts";
import { word } from "./words.ts";

type Span = keyof typeof SPANS;
interface Pair {
  readonly from: string;
  readonly to: string;
}

/** A picture has some hundred points: no need to ask before one more is there. */
const AGAIN = 240;
const SOONEST_MS = 3_000;
/** Narrower than a telephone it becomes no clearer. */
const NARROWEST = 280;

export class PastView {
  readonly #place = find("past");
  #pair: Pair | undefined;
  #span: Span = "hour";
  #asked = "";
  #askedMs = -Infinity;
  #past: PairPast | undefined;
  #isSimulated = false;

  constructor() {
    find("spans").addEventListener("change", ({ target }) => {
      this.#span = (target as HTMLInputElement).value as Span;
      void this.#ask();
    });
    // A picture that changes its place's height must not be drawn again for that.
    let width = 0;
    new ResizeObserver(() => {
      if (width === this.#place.clientWidth) return;
      width = this.#place.clientWidth;
      this.draw();
    }).observe(this.#place);
  }

  follow(pair: Pair | undefined, isSimulated: boolean): void {
    this.#isSimulated = isSimulated;
    this.#pair = pair;
    const againMs = isSimulated ? SOONEST_MS : Math.max(SOONEST_MS, SPANS[this.#span] / AGAIN);
    if (this.#key() !== this.#asked || performance.now() - this.#askedMs >= againMs) void this.#ask();
  }

  async #ask(): Promise<void> {
    const asked = this.#key();
    if (asked !== this.#asked) this.#past = undefined;
    [this.#asked, this.#askedMs] = [asked, performance.now()];
    if (this.#pair !== undefined) {
      const said = await json<PairPast>("past", { ...this.#pair, for: String(SPANS[this.#span]) });
      if (asked !== this.#key()) return;
      if (said !== "lost") this.#past = said;
    }
    this.draw();
  }

  #key(): string {
    return JSON.stringify([this.#pair, this.#span]);
  }

  draw(): void {
    const width = Math.max(NARROWEST, this.#place.clientWidth);
    show(
      this.#place,
      this.#past === undefined ? [text("p", word("blank"))] : pastParts(this.#past, width, this.#isSimulated),
    );
  }
}
