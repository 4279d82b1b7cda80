// Lines of sysctl.d files, in the order in which they count.

export interface SysctlLine {
  readonly file: string;
  readonly line: number;
  /** With slashes. */
  readonly key: string;
  readonly value: string;
  readonly text: string;
}

/** In the order of sysctl.d(5): by name, one in /etc hides those of the same name elsewhere; sysctl.conf comes last. */
export function sysctlLines(lines: readonly string[]): SysctlLine[] {
  const all = lines.flatMap((text): SysctlLine[] => {
    const [, file, line, setting] = /^([^:]+):(\d+):\s*-?(.*)$/.exec(text) ?? [];
    const [, key, value] = /^([^=\s]+)\s*=\s*(\S+)/.exec(setting ?? "") ?? [];
    if (key === undefined) return [];
    return [
      {
        file: file!,
        line: Number(line),
        key: key.replaceAll(".", "/"),
        value: value!,
        text: setting!.trim(),
      },
    ];
  });
  const base = (file: string): string =>
    file === "/etc/sysctl.conf" ? "~" : file.slice(file.lastIndexOf("/") + 1);
  const rank = (file: string): number =>
    ["/etc/", "/run/", "/usr/local/", "/usr/"].findIndex((each) => file.startsWith(each));
  const shown = all.filter(
    ({ file }) => !all.some((other) => base(other.file) === base(file) && rank(other.file) < rank(file)),
  );
  return shown.sort((a, b) =>
    base(a.file) < base(b.file) ? -1 : base(a.file) > base(b.file) ? 1 : a.line - b.line,
  );
}
