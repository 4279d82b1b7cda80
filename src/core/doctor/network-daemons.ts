// systemd-networkd and NetworkManager, which take away addresses, routes and rules that they did not put there.
import type { Found } from "./finding.ts";
import { glob, managerOf } from "./networkd.ts";
import type { Subject } from "./subject.ts";

export const judgeNetworkDaemons = (subject: Subject): Found[] => [
  ...networkdManages(subject),
  ...networkdRules(subject),
  ...networkManager(subject),
];

/** What a .network file matches loses what others put on it whenever networkd configures it. */
function networkdManages({ facts: { networkd }, tunnels }: Subject): Found[] {
  if (networkd === undefined) return [];
  const managed = [...tunnels].flatMap((name) => {
    const file = managerOf(networkd, name);
    return file === undefined ? [] : [{ name, file }];
  });
  if (managed.length === 0) return [];
  const files = [...new Set(managed.map(({ file }) => file))];
  const text = `[Match]\\nName=${[...tunnels].join(" ")}\\n\\n[Link]\\nUnmanaged=yes\\n`;
  return [
    {
      code: "networkd-manages",
      severity: "error",
      message: `systemd-networkd manages ${managed.map(({ name }) => name).join(", ")}: it takes away addresses and routes of the plan whenever it configures them; after the mend, apply again`,
      evidence: `${files.join(", ")}: its [Match] covers ${managed.map(({ name }) => name).join(", ")}`,
      mend: [
        `mkdir -p /etc/systemd/network && printf '${text}' >/etc/systemd/network/00-tofro.network`,
        "networkctl reload",
      ],
    },
  ];
}

/** Rules belong to no interface: networkd takes away those of others when it configures any. */
function networkdRules({ facts: { networkd }, state }: Subject): Found[] {
  if (networkd === undefined || state.rules.length === 0) return [];
  const key = "ManageForeignRoutingPolicyRules";
  const line = networkd.foreign.findLast((each) => each.includes(`${key}=`));
  const value = line?.replace(/^.*=/, "").trim().toLowerCase() ?? "";
  if (["no", "false", "off", "0"].includes(value)) return [];
  return [
    {
      code: "networkd-foreign",
      severity: "warning",
      message:
        "systemd-networkd deletes the plan's rules whenever it configures an interface, be it another; after the mend, apply again",
      evidence: `systemd-networkd runs; ${line ?? `no line ${key}=no`}`,
      mend: [
        `mkdir -p /etc/systemd/networkd.conf.d && printf '[Network]\\n${key}=no\\n' >/etc/systemd/networkd.conf.d/tofro.conf`,
        "systemctl restart systemd-networkd",
      ],
    },
  ];
}

function networkManager({ facts, tunnels }: Subject): Found[] {
  if (facts.networkManager === undefined) return [];
  const { devices, unmanaged } = facts.networkManager;
  const left = [...tunnels].filter((name) => {
    const device = devices.find((line) => line.startsWith(`${name}:`));
    if (device !== undefined) return !device.endsWith(":unmanaged");
    return !inForce(unmanaged).some((pattern) => covers(pattern, name));
  });
  if (left.length === 0) return [];
  const seen = left.map((name) => {
    const device = devices.find((line) => line.startsWith(`${name}:`));
    return device === undefined ? `no unmanaged-devices names ${name}` : `nmcli: ${device}`;
  });
  // Added to what other files say, and behind them: a plain `=` replaces what was read before.
  const list = [...tunnels].map((name) => `interface-name:${name}`).join(";");
  return [
    {
      code: "networkmanager",
      severity: "warning",
      message: `NetworkManager manages ${left.join(", ")}: it takes addresses and routes away when networking is switched off or the machine sleeps; if it has, apply again after the mend`,
      evidence: seen.join("; "),
      mend: [
        `mkdir -p /etc/NetworkManager/conf.d && printf '[keyfile]\\nunmanaged-devices+=${list}\\n' >/etc/NetworkManager/conf.d/zz-tofro.conf`,
        "nmcli general reload conf",
      ],
    },
  ];
}

/** Lines `FILE:unmanaged-devices=…` in the order in which they are read; `+=` adds (NetworkManager.conf(5)). */
const inForce = (lines: readonly string[]): string[] =>
  lines.reduce<string[]>((before, line) => {
    const patterns = line
      .replace(/^[^=]*=/, "")
      .split(/[;,]/)
      .map((each) => each.trim());
    return /\+\s*=/.test(line.slice(0, line.indexOf("=") + 1)) ? before.concat(patterns) : patterns;
  }, []);

function covers(pattern: string, name: string): boolean {
  if (pattern === "type:wireguard" || pattern === "*") return true;
  const [, names] = /^interface-name:=?(.+)$/.exec(pattern) ?? [];
  return names !== undefined && glob(names, name);
}
