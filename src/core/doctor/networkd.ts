// systemd-networkd, which takes away what it did not make: rules whenever it configures any link, and of a link that one
// of its files matches addresses and routes too. Seen on systemd 252 (test/kernel/systemd.test.ts).
import type { Found } from "./finding.ts";
import type { Subject } from "./subject.ts";

/** What was found of it on a machine where it runs. */
export interface Networkd {
  /** `file:line` of the lines of networkd.conf about what is not its own, in the order in which they are read. */
  readonly settings: readonly string[];
  /** Lines of `networkctl list`: index, link, type, what it is for traffic, what it is for networkd. */
  readonly links: readonly string[];
  /** `file:section:line` of .network files, in the order in which they are tried; the first that matches a link has it. */
  readonly files: readonly string[];
}

export function judgeNetworkd(subject: Subject): Found[] {
  const { networkd } = subject.facts;
  return networkd === undefined ? [] : [...managed(networkd, subject), ...foreignRules(networkd, subject)];
}

const MATCH_ALL = "/etc/systemd/network/00-tofro.network";

function managed(networkd: Networkd, { tunnels, facts }: Subject): Found[] {
  const evidence = [...tunnels].flatMap((name) => {
    const seen = networkd.links.find((line) => line.trim().split(/\s+/)[1] === name);
    if (facts.links.has(name) && seen !== undefined) {
      return /\s(configured|configuring|pending|initialized|failed)\s*$/.test(seen)
        ? [`networkctl: ${seen.trim().replaceAll(/\s+/g, " ")}`]
        : [];
    }
    const file = filesOf(networkd).find((each) => matches(each.match, name));
    return file === undefined || file.unmanaged
      ? []
      : [`${file.path} matches ${name}: ${file.match.join("; ")}`];
  });
  if (evidence.length === 0) return [];
  const text = `[Match]\\nName=${[...tunnels].join(" ")}\\n[Link]\\nUnmanaged=yes\\n`;
  return [
    {
      code: "networkd-manages",
      severity: "error",
      message:
        "systemd-networkd manages tunnels: it takes their addresses and routes away when it configures them",
      evidence: evidence.join("; "),
      mend: [
        `mkdir -p /etc/systemd/network && printf '${text}' >${MATCH_ALL}`,
        "networkctl reload",
        "tofro apply",
      ],
    },
  ];
}

interface NetworkFile {
  readonly path: string;
  /** Lines of its [Match] section. */
  readonly match: readonly string[];
  readonly unmanaged: boolean;
}

function filesOf({ files }: Networkd): NetworkFile[] {
  const byPath = new Map<string, { match: string[]; unmanaged: boolean }>();
  for (const text of files) {
    const [, path = "", section, line = ""] = /^([^:]+):(\w+):(.*)$/.exec(text) ?? [];
    const file = byPath.get(path) ?? { match: [], unmanaged: false };
    byPath.set(path, file);
    if (section === "Match") file.match.push(line.trim());
    else file.unmanaged = /^Unmanaged\s*=\s*(yes|true|on|1)\s*$/i.test(line.trim());
  }
  return Array.from(byPath, ([path, file]) => ({ path, ...file }));
}

/** Every line must hold; those about hardware hold for no tunnel. */
const matches = (match: readonly string[], name: string): boolean =>
  match.length > 0 &&
  match.every((line) => {
    const [, key, value = ""] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key === "Name") return listed(value, name);
    return (key === "Type" || key === "Kind") && listed(value, "wireguard");
  });

/** A list of shell globs; `!` before it turns it round (systemd.network(5)). */
function listed(value: string, name: string): boolean {
  const turned = value.startsWith("!");
  const globs = value.replace(/^!/, "").split(/\s+/).filter(Boolean);
  return globs.some((glob) => globbed(glob, name)) !== turned;
}

const globbed = (glob: string, name: string): boolean =>
  new RegExp(
    `^${glob
      .replaceAll(/[.+^${}()|\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")
      .replaceAll("[!", "[^")}$`,
  ).test(name);

function foreignRules({ settings }: Networkd, { state }: Subject): Found[] {
  if (state.rules.length === 0) return [];
  const key = "ManageForeignRoutingPolicyRules";
  // Later files win.
  const line = settings.findLast((each) => each.includes(`${key}=`));
  if (line !== undefined && /=\s*(no|false|off|0)\s*$/i.test(line)) return [];
  return [
    {
      code: "networkd-foreign",
      severity: "warning",
      message: "systemd-networkd deletes rules that are not its own, whenever it configures a link anew",
      evidence: `/run/systemd/netif/state is there; ${line ?? `no line ${key}=no`}`,
      mend: [
        `mkdir -p /etc/systemd/networkd.conf.d && printf '[Network]\\n${key}=no\\n' >/etc/systemd/networkd.conf.d/tofro.conf`,
        "systemctl restart systemd-networkd",
        "tofro apply",
      ],
    },
  ];
}
