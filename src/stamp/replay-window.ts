// Which of the latest sequence numbers were there already (as in RFC 4303, 3.4.3): of constant size, whatever comes.

const WINDOW = 1024;

export class ReplayWindow {
  private readonly seen = new Uint8Array(WINDOW);
  private highest = -1;

  /** Takes a number in, once; false: it was there, or is too old to tell. */
  take(sequence: number): boolean {
    if (sequence <= this.highest - WINDOW) return false;
    if (sequence > this.highest) {
      const from = Math.max(this.highest + 1, sequence - WINDOW + 1);
      for (let each = from; each < sequence; each++) this.seen[each % WINDOW] = 0;
      this.highest = sequence;
    } else if (this.seen[sequence % WINDOW] === 1) return false;
    this.seen[sequence % WINDOW] = 1;
    return true;
  }
}
