// Large networks as the text of their files, the same every time.

/** `nodes` dialable nodes and `lines` pinned paths of two to four nodes, no two for one direction of a pair. */
export function pinnedNetwork(nodes: number, lines: number): string {
  const random = generator(1);
  const paths = new Map<string, string>();
  while (paths.size < lines) {
    const path = new Set<number>();
    const length = 2 + random(3);
    while (path.size < length) path.add(random(nodes));
    const names = Array.from(path, (index) => `n${index}`);
    paths.set(`${names[0]} ${names.at(-1)}`, names.join(" -> "));
  }
  return [
    "overlay: 10.0.0.0/16",
    "nodes:",
    ...Array.from({ length: nodes }, (_, index) => `  n${index}: { endpoint: n${index}.example.net }`),
    "paths:",
    ...Array.from(paths.values(), (path) => `  - ${path}`),
    "",
  ].join("\n");
}

/** Whole numbers below a limit, from mulberry32 (Tommy Ettinger, public domain). */
export function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
