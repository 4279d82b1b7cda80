// What systemd is told on a machine: to bring tofro's state up at boot, to put our nftables table back when
// nftables.service, which flushes everything, is started anew, to follow endpoints that are host names, and to run the agent.
import { IDENTITY, type NodeState } from "../core/node-state.ts";
import { AGENT_UNIT } from "./agent.ts";
import { ETC } from "./change.ts";
import { nftScript } from "./nftables.ts";

const SYSTEM = "/etc/systemd/system";
const SERVICE = `${SYSTEM}/tofro.service`;
const DROP_IN_FOLDER = `${SYSTEM}/nftables.service.d`;
const DROP_IN = `${DROP_IN_FOLDER}/tofro.conf`;
const FOLLOWER = `${SYSTEM}/tofro-endpoints.service`;
const TIMER = `${SYSTEM}/tofro-endpoints.timer`;
const AGENT = `${SYSTEM}/tofro-agent.service`;
/** All that may be there. The place in the list names the copy that is kept while an apply is under way. */
const PATHS = [SERVICE, DROP_IN, FOLLOWER, TIMER, AGENT] as const;
/** Of these, what is enabled and started. */
const ENABLED = [SERVICE, TIMER, AGENT] as const;

export interface UnitOptions {
  /** The folder that stands while an apply is under way: live state is its business then, systemd only takes note. */
  readonly run: string;
  /** Shell lines that finish or undo a commit in whose middle the machine lost power. */
  readonly restore: string;
  /** Whether `/etc/tofro/follow` is there. */
  readonly follows: boolean;
  /** Whether `/etc/tofro/agent` is there. */
  readonly hasAgent: boolean;
}

const texts = ({ run, restore, follows, hasAgent }: UnitOptions): ReadonlyMap<string, string> =>
  new Map([
    [
      SERVICE,
      `[Unit]
Description=tofro: directional routing over WireGuard
Wants=network-online.target
After=network-online.target nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=-/bin/sh -c '[ -e ${run} ] || { ${restore}; }'
ExecStart=/bin/sh -c '[ -e ${run} ] || exec /bin/sh ${ETC}/up'
ExecStop=/bin/sh -c '[ -e ${run} ] || exec /bin/sh ${ETC}/down'

[Install]
WantedBy=multi-user.target
`,
    ],
    [
      DROP_IN,
      // Not `PartOf` in our unit: that would take the tunnels down and up.
      `# tofro: its table is flushed with all others.
[Service]
ExecStartPost=-/bin/sh ${ETC}/firewall
ExecReload=-/bin/sh ${ETC}/firewall
`,
    ],
    ...(follows
      ? ([
          [
            FOLLOWER,
            `[Unit]
Description=tofro: follow endpoints that are host names
ConditionPathExists=${ETC}/follow

[Service]
Type=oneshot
ExecStart=/bin/sh ${ETC}/follow
`,
          ],
          [
            TIMER,
            `[Unit]
Description=tofro: follow endpoints that are host names

[Timer]
OnBootSec=30s
OnUnitActiveSec=30s
AccuracySec=1s

[Install]
WantedBy=timers.target
`,
          ],
        ] as const)
      : []),
    ...(hasAgent ? ([[AGENT, AGENT_UNIT]] as const) : []),
  ]);

/** Puts the table back if the tunnels are up; before that, at boot, it is the unit's turn. */
export function firewallScript(state: NodeState): string {
  const [first] = state.interfaces;
  return [
    "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
    `[ -e /sys/class/net/${first?.name ?? IDENTITY} ] || exit 0`,
    `nft -f - <<'NFT'\n${nftScript(state)}NFT`,
    "",
  ].join("\n");
}

/** Lines for `sh -e` that leave all of that as wanted, or nothing of it (`undefined`); `file` writes a file. */
export function unitLines(
  options: UnitOptions | undefined,
  file: (path: string, text: string) => string,
): string[] {
  const wanted = options === undefined ? new Map<string, string>() : texts(options);
  const gone = PATHS.filter((path) => !wanted.has(path));
  const enabled = ENABLED.filter((path) => wanted.has(path)).map(nameOf);
  return [
    ...ENABLED.filter((path) => !wanted.has(path)).map(disable),
    ...(wanted.has(DROP_IN) ? [`mkdir -p ${DROP_IN_FOLDER}`, `chmod 755 ${DROP_IN_FOLDER}`] : []),
    ...Array.from(wanted, ([path, text]) => `${file(path, text)}\nchmod 644 ${path}`),
    ...(gone.length > 0 ? [`rm -f ${gone.join(" ")}`] : []),
    TIDY,
    "systemctl daemon-reload",
    ...(enabled.length > 0 ? [`systemctl enable --quiet --now ${enabled.join(" ")}`] : []),
  ];
}

/** Keeps what is there, in the folder of the apply. */
export const noteUnitLines = (run: string): string[] =>
  PATHS.map((path, index) => `[ ! -e ${path} ] || cp -p ${path} ${run}/unit-${index}`);

/** Leads back to what was kept; every line is tried. */
export const undoUnitLines = (run: string): string[] => [
  ...ENABLED.map((path) => `[ -e ${kept(run, path)} ] || ${disable(path)}`),
  ...PATHS.flatMap((path) => [
    `if [ ! -e ${kept(run, path)} ]; then rm -f ${path}`,
    // A full disk must not cost the one that is there.
    `elif ! cmp -s ${kept(run, path)} ${path}; then`,
    `  mkdir -p ${path.slice(0, path.lastIndexOf("/"))}; cp -p ${kept(run, path)} ${path}.new && mv ${path}.new ${path}`,
    "fi",
  ]),
  TIDY,
  "systemctl daemon-reload",
  ...ENABLED.map((path) => `[ ! -e ${kept(run, path)} ] || systemctl enable --quiet --now ${nameOf(path)}`),
];

const kept = (run: string, path: (typeof PATHS)[number]): string => `${run}/unit-${PATHS.indexOf(path)}`;
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
const disable = (path: string): string =>
  `[ ! -e ${path} ] || systemctl disable --quiet --now ${nameOf(path)} || true`;
const TIDY = `rmdir ${DROP_IN_FOLDER} 2>/dev/null || true`;
