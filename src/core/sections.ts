// Scripts that tell many things at once print `== name` before each of them.

/** The text below each `== name` line, by name. */
export function sectionsOf(output: string): Map<string, string> {
  const parts = output.split(/^== (\S+)\n?/m).slice(1);
  const sections = new Map<string, string>();
  for (let index = 0; index < parts.length; index += 2) sections.set(parts[index]!, parts[index + 1] ?? "");
  return sections;
}

export const linesOf = (text: string): string[] => text.split("\n").filter((line) => line.trim() !== "");
