// Who read the arrival times of what was measured, in words.

/** A line, or nothing when nothing was measured. */
export function stampsNote(stamps: ReadonlyMap<string, "kernel" | "user">): string[] {
  const by = (who: string): string =>
    [...stamps]
      .flatMap(([node, each]) => (each === who ? [node] : []))
      .sort()
      .join(", ");
  const [kernel, user] = [by("kernel"), by("user")];
  if (stamps.size === 0) return [];
  if (kernel === "") return ["arrivals are stamped by the program"];
  return [
    `arrivals are stamped by the kernel${user === "" ? "" : ` at ${kernel}, by the program at ${user}`}`,
  ];
}
