// What systemd-networkd says it manages, and what its files would have it manage (systemd.network(5)).

export interface Networkd {
  /** Lines of networkd.conf that speak of foreign routes and rules, later ones win. */
  readonly foreign: readonly string[];
  /** The .network file that manages an interface now; undefined: none does. */
  readonly now: ReadonlyMap<string, string | undefined>;
  /** In the order in which they are tried. */
  readonly files: readonly NetworkFile[];
}

interface NetworkFile {
  readonly path: string;
  readonly match: ReadonlyMap<string, readonly string[]>;
  readonly isUnmanaged: boolean;
}

const FOLDERS = ["/etc/", "/run/", "/usr/local/", "/usr/", "/lib/"];

/** `links`: `NAME ADMIN_STATE=… NETWORK_FILE=…`; `match`: `FILE:LINE`, of the sections [Match] and [Link] alone. */
export function parseNetworkd(
  foreign: readonly string[],
  links: readonly string[],
  match: readonly string[],
): Networkd {
  const now = links.map((line) => {
    const [name = "", ...words] = line.trim().split(/\s+/);
    const file = words.find((word) => word.startsWith("NETWORK_FILE="))?.slice("NETWORK_FILE=".length);
    return [name, words.includes("ADMIN_STATE=unmanaged") ? undefined : file] as const;
  });
  const lines = new Map<string, string[]>();
  for (const line of match) {
    const [, path, text] = /^([^:]+):(.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const known = lines.get(path) ?? [];
    known.push(text!.trim());
    lines.set(path, known);
  }
  const base = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
  const rank = (path: string): number => FOLDERS.findIndex((folder) => path.startsWith(folder));
  const files = [...lines]
    .filter(
      ([path]) => ![...lines.keys()].some((each) => base(each) === base(path) && rank(each) < rank(path)),
    )
    .sort(([a], [b]) => (base(a) < base(b) ? -1 : 1))
    .map(([path, own]) => fileOf(path, own));
  return { foreign, now: new Map(now), files };
}

function fileOf(path: string, lines: readonly string[]): NetworkFile {
  const match = new Map<string, string[]>();
  let section = "";
  let isUnmanaged = false;
  for (const line of lines) {
    section = /^\[(\w+)\]/.exec(line)?.[1] ?? section;
    const [, key, value] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key === undefined) continue;
    if (section === "Link" && key === "Unmanaged") isUnmanaged = /^(yes|true|on|1)$/i.test(value!);
    if (section === "Match") match.set(key, [...(match.get(key) ?? []), ...value!.split(/\s+/)]);
  }
  return { path, match, isUnmanaged };
}

/** The file by which networkd manages a WireGuard interface, now or as soon as there is one of this name. */
export function managerOf({ now, files }: Networkd, name: string): string | undefined {
  if (now.has(name)) return now.get(name);
  const file = files.find(({ match }) => [...match].every(([key, patterns]) => covers(key, patterns, name)));
  return file === undefined || file.isUnmanaged ? undefined : file.path;
}

function covers(key: string, patterns: readonly string[], name: string): boolean {
  const values = key === "Name" ? [name] : key === "Type" ? ["wireguard", "none"] : ["wireguard"];
  // Hardware addresses, drivers and so on: a tunnel has none, or nobody can say.
  if (!["Name", "Type", "Kind"].includes(key)) return false;
  const isNot = patterns[0]?.startsWith("!") === true;
  const some = patterns.some((pattern) => values.some((value) => glob(pattern.replace(/^!/, ""), value)));
  return some !== isNot;
}

/** `*`, `?` and `[…]` as in a shell. */
export function glob(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  try {
    return new RegExp(`^${source}$`).test(text);
  } catch {
    return pattern === text;
  }
}
