// Aligned text columns.

/** One line a row; every column but the last padded to its widest cell. Cells are plain ASCII. */
export function columns(rows: readonly (readonly string[])[], indent = ""): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    });
  }
  const line = (row: readonly string[]): string =>
    row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index]!))).join("  ");
  return rows.map((row) => `${indent}${line(row).trimEnd()}\n`).join("");
}
