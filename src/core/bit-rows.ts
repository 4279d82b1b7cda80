// Many sets of small integers in one typed array.

export class BitRows {
  readonly #words: number;
  readonly #bits: Uint32Array;

  /** `rows` empty sets of integers from 0 to `columns - 1`. */
  constructor(rows: number, columns: number) {
    this.#words = Math.ceil(columns / 32);
    this.#bits = new Uint32Array(rows * this.#words);
  }

  add(row: number, column: number): void {
    this.#bits[row * this.#words + (column >>> 5)]! |= 1 << (column & 31);
  }

  has(row: number, column: number): boolean {
    return (this.#bits[row * this.#words + (column >>> 5)]! & (1 << (column & 31))) !== 0;
  }

  /** The members of a row, ascending. */
  members(row: number): number[] {
    const found: number[] = [];
    for (let word = 0; word < this.#words; word++) {
      let bits = this.#bits[row * this.#words + word]!;
      while (bits !== 0) {
        found.push(word * 32 + 31 - Math.clz32(bits & -bits));
        bits &= bits - 1;
      }
    }
    return found;
  }
}
