// The scripts of one apply on one machine: arm a way back, change in stages, commit, disarm; or go back.
//
// Everything lies in one folder of /run. Having it there is the lock, the watcher in the background is the way back: when it is
// not disarmed in time it undoes and removes the folder, whoever is or is not there any more.
import type { Change, Changes } from "../core/diff.ts";
import type { Sysctl } from "../core/node-state.ts";
import { changeLines, ETC, nodeKeyFile, presharedKeyFile, type ChangeMeans } from "./change.ts";
import { noteUnitLines, undoUnitLines, unitLines } from "./unit.ts";

const RUN = "/run/tofro/apply";
const NEW = `${RUN}/new`;
const LOG = "/run/tofro/rollback.log";
/** Seconds behind its time after which an apply that did not go back by itself has lost its watcher. */
const STALE_S = 60;

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

/**
 * Takes the lock, lays everything ready, and arms the way back. Changes nothing; exit 75 and the holder when it is taken.
 * The folder is filled elsewhere and moved into place: there is no moment in which it is half of a lock.
 */
export function armScript(job: Job): string {
  const ready = `${RUN}.${job.token}`;
  return script([
    "umask 077",
    `trap 'rm -rf ${ready}' EXIT`,
    `mkdir -p ${ready}/new`,
    file(`${ready}/holder`, `${job.holder}\n`),
    file(`${ready}/token`, `${job.token}\n`),
    file(`${ready}/undo`, undoScript(job)),
    file(`${ready}/watch`, watcher(job)),
    // A key that the node keeps to itself.
    ...(job.kept.size === 0 || job.kept.has(keptNodeKeyName)
      ? []
      : [`[ ! -e ${nodeKeyFile(ETC)} ] || cp -p ${nodeKeyFile(ETC)} ${nodeKeyFile(`${ready}/new`)}`]),
    `echo $(($(cut -d. -f1 /proc/uptime) + ${job.timeoutS})) >${ready}/deadline`,
    ...[...job.kept].map(([name, text]) => file(`${ready}/new/${name}`, text)),
    // Its watcher was killed: what it had begun goes back first.
    `if [ -e ${RUN} ] && [ $(cut -d. -f1 /proc/uptime) -gt $(($(cat ${RUN}/deadline 2>/dev/null || echo 0) + ${STALE_S})) ]; then`,
    ...goBack,
    "fi",
    `mv -T ${ready} ${RUN} 2>/dev/null || { cat ${RUN}/holder 2>/dev/null; exit 75; }`,
    `trap 'rm -rf ${RUN} ${ETC}.new' EXIT`,
    `rm -rf ${RUN}.*`,
    // The disk lost power in the middle of a commit.
    `[ -e ${ETC} ] || [ ! -e ${ETC}.old ] || mv ${ETC}.old ${ETC}`,
    `[ -e ${ETC} ] || touch ${RUN}/no-etc`,
    ...(job.hasSystemd ? noteUnitLines(RUN) : []),
    // Left by an apply that was cut off after it had disarmed.
    `rm -rf ${ETC}.old ${ETC}.new`,
    // On the disk now, so that a full one is found before anything is changed.
    ...(job.kept.size === 0 ? [] : [`cp -a ${NEW} ${ETC}.new`]),
    `touch ${RUN}/armed`,
    job.hasSystemd
      ? `systemd-run --quiet --collect --unit=tofro-rollback-${job.token} sh ${RUN}/watch`
      : `setsid sh ${RUN}/watch </dev/null >/dev/null 2>&1 &`,
    `for try in $(seq 100); do [ ! -e ${RUN}/watching ] || break; sleep 0.05; done`,
    `[ -e ${RUN}/watching ] || { echo 'the way back does not start' >&2; exit 1; }`,
    "trap - EXIT",
  ]);
}

/** One stage; only while this apply is armed. */
export const stageScript = (job: Job, changes: readonly Change[]): string =>
  guarded(job, stageLines(changes, job.wireguard));

/** Makes it last: what brings the machine up at boot is replaced as a whole. The way back is still armed. */
export const commitScript = (job: Job): string =>
  guarded(job, [
    `rm -rf ${ETC}.old`,
    `[ ! -e ${ETC} ] || mv ${ETC} ${ETC}.old`,
    ...(job.kept.size === 0 ? [] : [`mv ${ETC}.new ${ETC}`]),
    ...(job.hasSystemd ? unitLines(job.kept.size > 0, RUN, file) : []),
  ]);

/** From here on the machine stays as it is. */
export const disarmScript = (job: Job): string =>
  guarded(job, [`mv ${RUN}/armed ${RUN}/disarmed`, `rm -rf ${ETC}.old`, `rm -rf ${RUN}`]);

/** Goes back now. Repeated, or after the watcher has fired, it waits until that is done. */
export const rollbackScript = ({ token }: Pick<Job, "token">): string =>
  script([
    `${mine(token)} || exit 0`,
    `if [ -e ${RUN}/armed ]; then`,
    ...goBack,
    "fi",
    `for try in $(seq 300); do ${mine(token)} || exit 0; sleep 0.1; done`,
    "exit 1",
  ]);

/** Brings the machine up from nothing, at boot. Every line is tried: one name that cannot be resolved shall not cost all. */
export const upScript = (fromNothing: Changes, wireguard: ChangeMeans["wireguard"]): string =>
  [
    "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
    `sh ${ETC}/down 2>/dev/null`,
    "failed=0",
    ...allOf(fromNothing)
      .flatMap(endpointsApart)
      .flatMap((change) => changeLines(change, { wireguard, keys: ETC }))
      .map((line) => line.replace(/$|\n/, (end) => ` || failed=1${end}`)),
    "exit $failed",
    "",
  ].join("\n");

/** `wg set` does all or nothing, and an endpoint's name may not resolve yet. */
function endpointsApart(change: Change): Change[] {
  if (change.kind !== "wireguard" || change.set.peer?.endpoint === undefined) return [change];
  const { publicKey, endpoint, ...rest } = change.set.peer;
  return [
    { ...change, set: { ...change.set, peer: { publicKey, ...rest } } },
    { ...change, set: { peer: { publicKey, endpoint } } },
  ];
}

/** Takes everything of ours away, and puts sysctls back. */
export const downScript = (
  toNothing: Changes,
  was: readonly Sysctl[],
  wireguard: ChangeMeans["wireguard"],
): string =>
  `${[
    "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
    ...allOf(toNothing).flatMap((change) => changeLines(change, { wireguard, keys: ETC })),
    ...was.map(({ key, value }) => `sysctl -qw ${key}=${value}`),
    "exit 0",
  ].join("\n")}\n`;

export const keptKeyName = (name: string): string => presharedKeyFile("", name).slice(1);
export const keptNodeKeyName = nodeKeyFile("").slice(1);

const allOf = ({ widen, move, narrow }: Changes): Change[] => [...widen, ...move, ...narrow];

/** Every line is tried: wherever the way there had stopped, the way back leads to where it began. */
const undoScript = (job: Job): string =>
  [
    // A stage that still runs would change things behind our back.
    `stage=$(cat ${stageFile(job)} 2>/dev/null)`,
    `if [ -n "$stage" ] && [ "$(tr '\\0' ' ' </proc/$stage/cmdline)" = 'sh -s ' ]; then`,
    "  kill -STOP $stage",
    "  kill -KILL $stage $(cat /proc/$stage/task/$stage/children)",
    "fi",
    `if [ -e ${ETC}.old ]; then rm -rf ${ETC}; mv ${ETC}.old ${ETC}; elif [ -e ${RUN}/no-etc ]; then rm -rf ${ETC}; fi`,
    `rm -rf ${ETC}.new`,
    ...allOf(job.back).flatMap((change) => changeLines(change, { wireguard: job.wireguard, keys: ETC })),
    ...(job.hasSystemd ? undoUnitLines(RUN) : []),
    "exit 0",
    "",
  ].join("\n");

/** Whoever takes `armed` away decides: this apply stays, or it goes back. */
const goBack = [
  `  if mv ${RUN}/armed ${RUN}/firing 2>/dev/null; then`,
  // Without a log rather than not at all.
  `    sh ${RUN}/undo >${LOG} 2>&1 || sh ${RUN}/undo >/dev/null 2>&1 || true`,
  "  fi",
  `  [ ! -e ${RUN}/disarmed ] || rm -rf ${ETC}.old`,
  `  rm -rf ${RUN}`,
];

const watcher = ({ token, timeoutS }: Job): string =>
  [
    `echo $$ >${RUN}/watching`,
    // Gone soon after it has nothing to watch any more.
    `for each in $(seq ${timeoutS}); do sleep 1; ${mine(token)} || exit 0; done`,
    ...goBack,
    "",
  ].join("\n");

const mine = (token: string): string => `[ "$(cat ${RUN}/token 2>/dev/null)" = ${token} ]`;

const stageFile = ({ token }: Pick<Job, "token">): string => `${RUN}/stage-${token}`;

/** Runs the lines while the apply is armed. It is named before it looks, so that a way back that fires then ends it. */
function guarded(job: Job, lines: readonly string[]): string {
  const gone = "{ echo 'this apply is not armed any more: the machine went back' >&2; exit 76; }";
  return script([
    `{ echo $$ >${stageFile(job)}; } 2>/dev/null || ${gone}`,
    `${mine(job.token)} && [ -e ${RUN}/armed ] || ${gone}`,
    ...lines,
    `rm -f ${stageFile(job)}`,
  ]);
}

/** In braces: a script that is cut off on its way does nothing at all. */
const script = (lines: readonly string[]): string =>
  ["{", "set -e", "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C", ...lines, "exit 0", "}", ""].join("\n");

/** A whole file by heredoc: its text never is an argument of anything. */
const file = (path: string, text: string): string =>
  text === ""
    ? `: >${path}`
    : `cat >${path} <<'TOFRO-FILE'\n${text.endsWith("\n") ? text : `${text}\n`}TOFRO-FILE`;
