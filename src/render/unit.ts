// What systemd is told on a machine: to bring tofro's state up at boot, and to put our nftables table back when
// nftables.service, which flushes everything, is started anew.
import type { NodeState } from "../core/node-state.ts";
import { ETC } from "./change.ts";
import { nftScript } from "./nftables.ts";

const SYSTEM = "/etc/systemd/system";
const UNIT = `${SYSTEM}/tofro.service`;
const DROP_IN_FOLDER = `${SYSTEM}/nftables.service.d`;
const DROP_IN = `${DROP_IN_FOLDER}/tofro.conf`;

/** `run` is the folder that stands while an apply is under way: live state is its business then, systemd only takes note. */
const unit = (run: string): string => `[Unit]
Description=tofro: directional routing over WireGuard
Wants=network-online.target
After=network-online.target nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c '[ -e ${run} ] || exec /bin/sh ${ETC}/up'
ExecStop=/bin/sh -c '[ -e ${run} ] || exec /bin/sh ${ETC}/down'

[Install]
WantedBy=multi-user.target
`;

/** Not `PartOf` in our unit: that would take the tunnels down and up. */
const DROP_IN_TEXT = `# tofro: its table is flushed with all others.
[Service]
ExecStartPost=-/bin/sh ${ETC}/firewall
ExecReload=-/bin/sh ${ETC}/firewall
`;

/** Puts the table back if the tunnels are up; before that, at boot, it is the unit's turn. */
export function firewallScript(state: NodeState): string {
  const [first] = state.interfaces;
  return [
    "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
    `[ -e /sys/class/net/${first?.name} ] || exit 0`,
    `nft -f - <<'NFT'\n${nftScript(state)}NFT`,
    "",
  ].join("\n");
}

/** Lines that enable all that, or leave nothing of it; `file` writes a file. */
export const unitLines = (
  stays: boolean,
  run: string,
  file: (path: string, text: string) => string,
): string[] =>
  stays
    ? [
        `mkdir -p ${DROP_IN_FOLDER}`,
        file(UNIT, unit(run)),
        file(DROP_IN, DROP_IN_TEXT),
        `chmod 755 ${DROP_IN_FOLDER}`,
        `chmod 644 ${UNIT} ${DROP_IN}`,
        "systemctl daemon-reload",
        "systemctl enable --quiet tofro.service",
        "systemctl start --quiet tofro.service",
      ]
    : leave;

const leave = [
  `[ ! -e ${UNIT} ] || systemctl disable --quiet --now tofro.service || true`,
  `rm -f ${UNIT} ${DROP_IN}`,
  `rmdir ${DROP_IN_FOLDER} 2>/dev/null || true`,
  "systemctl daemon-reload",
];

/** Keeps what is there, in the folder of the apply. */
export const noteUnitLines = (run: string): string[] => [
  `[ ! -e ${UNIT} ] || cp -p ${UNIT} ${run}/unit`,
  `[ ! -e ${DROP_IN} ] || cp -p ${DROP_IN} ${run}/drop-in`,
];

/** Leads back to what was kept. */
export const undoUnitLines = (run: string): string[] => [
  `if [ -e ${run}/unit ]; then`,
  `  cp -p ${run}/unit ${UNIT}`,
  `  if [ -e ${run}/drop-in ]; then mkdir -p ${DROP_IN_FOLDER}; cp -p ${run}/drop-in ${DROP_IN}; else rm -f ${DROP_IN}; fi`,
  "  systemctl daemon-reload",
  "  systemctl enable --quiet tofro.service",
  "  systemctl start --quiet tofro.service",
  `elif [ -e ${UNIT} ] || [ -e ${DROP_IN} ]; then`,
  ...leave.map((line) => `  ${line}`),
  "fi",
];
