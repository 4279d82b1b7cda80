// "Did you mean": the known word that is nearest to a misspelt one.

/** Edit distance with transpositions (optimal string alignment), or `limit + 1` as soon as it must be more than `limit`. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const now = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(last[column]! + 1, now[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) best = Math.min(best, before[column - 2]! + 1);
      now.push(best);
    }
    if (Math.min(...now) > limit) return limit + 1;
    [before, last] = [last, now];
  }
  return last[b.length]!;
}

/** The nearest of `known`, if near enough that a slip of the finger explains it; case does not count. */
export function suggest(word: string, known: Iterable<string>): string | undefined {
  // Names have at most 63 characters; a longer word is no slip, and would cost time.
  if (word.length > 100) return undefined;
  const lower = word.toLowerCase();
  let limit = Math.min(2, Math.floor(word.length / 3) + (word.length > 1 ? 1 : 0));
  let nearest: string | undefined;
  for (const candidate of known) {
    const distance = editDistance(lower, candidate.toLowerCase(), limit);
    if (distance > limit || (nearest !== undefined && distance === limit)) continue;
    nearest = candidate;
    limit = distance;
  }
  return nearest;
}
