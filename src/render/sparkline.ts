// A row of numbers as a row of blocks.

const BLOCKS = "▁▂▃▄▅▆▇█";
const LOST = "x";

/** A smaller spread than this, in the values' unit, is drawn as small as it is. */
export interface SparklineOptions {
  readonly width: number;
  readonly leastSpread: number;
}

/** At most `width` characters, the newest last; `x` where there was no value. Older values share a character. */
export function sparkline(
  values: readonly (number | null)[],
  { width, leastSpread }: SparklineOptions,
): string {
  const cells = grouped(values, width);
  const known = cells.filter((value) => value !== null);
  const lowest = Math.min(...known);
  const spread = Math.max(Math.max(...known) - lowest, leastSpread);
  return cells
    .map((value) => {
      if (value === null) return LOST;
      return BLOCKS[Math.min(BLOCKS.length - 1, Math.floor(((value - lowest) / spread) * BLOCKS.length))];
    })
    .join("");
}

/** Means of equal groups, the first of which may be smaller; one with a lost value in it is lost. */
function grouped(values: readonly (number | null)[], width: number): (number | null)[] {
  const size = Math.ceil(values.length / width);
  const cells: (number | null)[] = [];
  for (let end = values.length; end > 0; end -= size) {
    const group = values.slice(Math.max(0, end - size), end);
    const known = group.filter((value) => value !== null);
    cells.unshift(
      known.length < group.length ? null : known.reduce((sum, each) => sum + each, 0) / known.length,
    );
  }
  return cells;
}
