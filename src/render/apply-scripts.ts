// The scripts of one apply on one machine: arm a way back, change in stages, commit, disarm; or go back.
//
// Everything lies in one folder of /run. Making it is the lock, the watcher in the background is the way back: when it is
// not disarmed in time it undoes and removes the folder, whoever is or is not there any more.
import type { Change, Changes } from "../core/diff.ts";
import type { Sysctl } from "../core/node-state.ts";
import { changeLines, ETC, nodeKeyFile, presharedKeyFile, type ChangeMeans } from "./change.ts";

const RUN = "/run/tofro/apply";
const NEW = `${RUN}/new`;
const UNIT = "/etc/systemd/system/tofro.service";

/** Files to be kept in `/etc/tofro`, by name; they hold secrets. Empty: tofro leaves the machine. */
export type KeptFiles = ReadonlyMap<string, string>;

export interface Job {
  /** Tells this apply from another. */
  readonly token: string;
  /** Who holds the lock, for whoever finds it taken. */
  readonly holder: string;
  /** Seconds until the machine goes back by itself. */
  readonly timeoutS: number;
  readonly there: Changes;
  readonly back: Changes;
  readonly wireguard: ChangeMeans["wireguard"];
  readonly kept: KeptFiles;
  readonly hasSystemd: boolean;
}

/** What changes of live state; the same lines that `plan` prints. */
export const stageLines = (changes: readonly Change[], wireguard: ChangeMeans["wireguard"]): string[] =>
  changes.flatMap((change) => changeLines(change, { wireguard, keys: NEW }));

/** Takes the lock, lays everything ready, and arms the way back. Changes nothing; exit 75 and the holder when it is taken. */
export function armScript(job: Job): string {
  const folders = [...job.kept].map(([name, text]) => file(`${NEW}/${name}`, text));
  return script([
    "umask 077",
    "mkdir -p /run/tofro",
    `mkdir ${RUN} 2>/dev/null || { cat ${RUN}/holder 2>/dev/null; exit 75; }`,
    `trap 'rm -rf ${RUN} ${ETC}.new' EXIT`,
    `mkdir ${NEW}`,
    file(`${RUN}/holder`, `${job.holder}\n`),
    file(`${RUN}/token`, `${job.token}\n`),
    file(`${RUN}/undo`, undoScript(job)),
    ...folders,
    `[ ! -e ${ETC} ] || touch ${RUN}/had-etc`,
    // Left by an apply that was cut off after it had disarmed.
    `rm -rf ${ETC}.old`,
    // On the disk now, so that a full one is found before anything is changed.
    `rm -rf ${ETC}.new`,
    ...(job.kept.size === 0 ? [] : [`cp -a ${NEW} ${ETC}.new`]),
    file(`${RUN}/watch`, watcher(job)),
    `touch ${RUN}/armed`,
    job.hasSystemd
      ? `systemd-run --quiet --collect --unit=tofro-rollback-${job.token} sh ${RUN}/watch`
      : `setsid sh ${RUN}/watch </dev/null >/dev/null 2>&1 &`,
    "trap - EXIT",
  ]);
}

/** One stage; only while this apply is armed. */
export const stageScript = (job: Job, changes: readonly Change[]): string =>
  script([...guard(job), ...stageLines(changes, job.wireguard)]);

/** Makes it last: what brings the machine up at boot is replaced as a whole. The way back is still armed. */
export function commitScript(job: Job): string {
  return script([
    ...guard(job),
    `rm -rf ${ETC}.old`,
    `[ ! -e ${ETC} ] || mv ${ETC} ${ETC}.old`,
    ...(job.kept.size === 0 ? [] : [`mv ${ETC}.new ${ETC}`]),
    ...(job.hasSystemd ? unitLines(job.kept.size > 0) : []),
  ]);
}

/** From here on the machine stays as it is. */
export const disarmScript = (job: Job): string =>
  script([...guard(job), `mv ${RUN}/armed ${RUN}/disarmed`, `rm -rf ${ETC}.old`, `rm -rf ${RUN}`]);

/** Goes back now. Repeated, or after the watcher has fired, it waits until that is done. */
export const rollbackScript = ({ token }: Pick<Job, "token">): string =>
  script([
    `[ "$(cat ${RUN}/token 2>/dev/null)" = ${token} ] || exit 0`,
    `if mv ${RUN}/armed ${RUN}/firing 2>/dev/null; then sh ${RUN}/undo >${RUN}/log 2>&1; rm -rf ${RUN} ${ETC}.old; fi`,
    `for try in $(seq 300); do [ "$(cat ${RUN}/token 2>/dev/null)" = ${token} ] || exit 0; sleep 0.1; done`,
    "exit 1",
  ]);

/** Brings the machine up from nothing, at boot. */
export const upScript = (fromNothing: Changes, wireguard: ChangeMeans["wireguard"]): string =>
  script([
    `sh ${ETC}/down 2>/dev/null || true`,
    ...allOf(fromNothing).flatMap((change) => changeLines(change, { wireguard, keys: ETC })),
  ]);

/** Takes everything of ours away, and puts sysctls back. */
export const downScript = (
  toNothing: Changes,
  was: readonly Sysctl[],
  wireguard: ChangeMeans["wireguard"],
): string =>
  `${[
    ...allOf(toNothing).flatMap((change) => changeLines(change, { wireguard, keys: ETC })),
    ...was.map(({ key, value }) => `sysctl -qw ${key}=${value}`),
  ].join("\n")}\n`;

export const keptKeyName = (name: string): string => presharedKeyFile("", name).slice(1);
export const keptNodeKeyName = nodeKeyFile("").slice(1);

const allOf = ({ widen, move, narrow }: Changes): Change[] => [...widen, ...move, ...narrow];

/** Every line is tried: wherever the way there had stopped, the way back leads to where it began. */
const undoScript = (job: Job): string =>
  [
    `if [ -e ${ETC}.old ]; then rm -rf ${ETC}; mv ${ETC}.old ${ETC}; elif [ ! -e ${RUN}/had-etc ]; then rm -rf ${ETC}; fi`,
    `rm -rf ${ETC}.new`,
    ...allOf(job.back).flatMap((change) => changeLines(change, { wireguard: job.wireguard, keys: ETC })),
    ...(job.hasSystemd
      ? [`[ -e ${ETC}/up ] || { systemctl disable tofro.service; rm -f ${UNIT}; systemctl daemon-reload; }`]
      : []),
    "exit 0",
    "",
  ].join("\n");

const watcher = ({ token, timeoutS }: Job): string =>
  [
    `sleep ${timeoutS}`,
    `[ "$(cat ${RUN}/token 2>/dev/null)" = ${token} ] || exit 0`,
    `if mv ${RUN}/armed ${RUN}/firing 2>/dev/null; then sh ${RUN}/undo >${RUN}/log 2>&1; fi`,
    `rm -rf ${RUN} ${ETC}.old`,
    "",
  ].join("\n");

const guard = ({ token }: Job): string[] => [
  `[ "$(cat ${RUN}/token 2>/dev/null)" = ${token} ] && [ -e ${RUN}/armed ] || { echo 'this apply is not armed any more: the machine went back' >&2; exit 76; }`,
];

function unitLines(stays: boolean): string[] {
  if (!stays)
    return [`systemctl disable --quiet tofro.service || true`, `rm -f ${UNIT}`, "systemctl daemon-reload"];
  const unit = [
    "[Unit]",
    "Description=tofro: directional routing over WireGuard",
    "Wants=network-online.target",
    "After=network-online.target nftables.service",
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    `ExecStart=/bin/sh ${ETC}/up`,
    `ExecStop=/bin/sh ${ETC}/down`,
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
  return [
    file(UNIT, unit),
    `chmod 644 ${UNIT}`,
    "systemctl daemon-reload",
    "systemctl enable --quiet tofro.service",
  ];
}

const script = (lines: readonly string[]): string =>
  ["set -e", "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C", ...lines, ""].join("\n");

/** A whole file by heredoc: its text never is an argument of anything. */
const file = (path: string, text: string): string =>
  `cat >${path} <<'TOFRO-FILE'\n${text.endsWith("\n") ? text : `${text}\n`}TOFRO-FILE`;
