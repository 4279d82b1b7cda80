// What a machine with systemd needs whose tunnels another program brings up: that program's files, our nftables table by a
// unit, sysctls, and a script that puts all of it in its place.
import { NFT_TABLE, type NodeState } from "../core/node-state.ts";
import { limitLines, type Exported, type Limit } from "./exported.ts";
import { nftScript } from "./nftables.ts";

interface Content {
  readonly name: string;
  readonly lines: readonly string[];
}

/** `head` as an exporter takes it; `install` are the lines of `install.sh` that are the program's own. */
export function installed(
  head: string,
  state: NodeState,
  {
    service,
    own,
    install,
    limits,
  }: {
    readonly service: string;
    readonly own: readonly Content[];
    readonly install: readonly string[];
    readonly limits: readonly Limit[];
  },
): Exported {
  const begin = `${head}${state.node}. Change the network file and export again.`;
  const files: readonly Content[] = [
    ...own,
    { name: "sysctl.conf", lines: state.sysctls.map(({ key, value }) => `${key} = ${value}`) },
    { name: "tofro.nft", lines: [nftScript(state).trimEnd()] },
    { name: FIREWALL_UNIT, lines: firewallUnit(service) },
    { name: "install.sh", lines: [...limitLines(limits), ...INSTALL, ...install] },
  ];
  return {
    files: files.map(({ name, lines }) => ({ name, text: [begin, ...lines, ""].join("\n") })),
    limits,
  };
}

const INSTALL = [
  "# `sh install.sh` as root, beside its files: puts them in place, and says what to run then.",
  'set -e; umask 077; cd "$(dirname "$0")"',
];

/** Where IPv6 is forwarded: uplinks may be the program's, or nobody's. */
export const routerAdvertisements = (state: NodeState, program: string): Limit[] =>
  state.sysctls.some(({ key }) => key === "net.ipv6.conf.all.forwarding")
    ? [
        {
          lacks: "accept_ra=2 on uplinks",
          instead: `An uplink that ${program} configures goes on heeding router advertisements. One that the kernel configures needs \`net.ipv6.conf.UPLINK.accept_ra = 2\` once IPv6 is forwarded.`,
        },
      ]
    : [];

const FIREWALL_UNIT = "tofro-firewall.service";

/** `before`: the service that brings the tunnels up. */
const firewallUnit = (before: string): string[] => [
  "[Unit]",
  "Description=tofro: firewall of the tunnels",
  // The guard stands before the tunnels do, and again when nftables.service has flushed everything.
  `Before=${before} network-pre.target`,
  "Wants=network-pre.target",
  "DefaultDependencies=no",
  "After=local-fs.target nftables.service",
  "PartOf=nftables.service",
  "ReloadPropagatedFrom=nftables.service",
  "Conflicts=shutdown.target",
  "",
  "[Service]",
  "Type=oneshot",
  "RemainAfterExit=yes",
  "ExecStart=/usr/sbin/nft -f /etc/tofro/tofro.nft",
  "ExecReload=/usr/sbin/nft -f /etc/tofro/tofro.nft",
  `ExecStop=-/usr/sbin/nft delete table inet ${NFT_TABLE}`,
  "",
  "[Install]",
  "WantedBy=multi-user.target",
];

/** Lines of a script that put `sysctl.conf`, `tofro.nft` and the unit, beside it, in their places. */
export const installFirewall = [
  "install -m 644 sysctl.conf /etc/sysctl.d/60-tofro.conf",
  "install -m 600 tofro.nft /etc/tofro/tofro.nft",
  `install -m 644 ${FIREWALL_UNIT} /etc/systemd/system/${FIREWALL_UNIT}`,
];

/** What is to be run then. Reloaded, the table is replaced in one transaction: a kill switch stands throughout. */
export const FIREWALL_NOW =
  "systemctl daemon-reload; systemctl enable tofro-firewall; systemctl reload-or-restart tofro-firewall";
