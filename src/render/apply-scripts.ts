// The scripts of one apply on one machine: arm a way back, change in stages, commit, disarm; or go back.
//
//   arm --> stage, stage, ... --> commit --> disarm        Everything lies in one folder of /run. Having it there is the lock.
//    |                                          |          A watcher in the background goes back when its deadline passes, and
//    +--- armed ---> firing (undo) ---> gone    +-> gone   removes the folder, whoever is or is not there any more.
//
// `armed` is taken away once: renamed to `disarmed` the apply stays, renamed to `firing` it goes back. The watcher holds a
// flock: who can take it knows that the watcher was killed, and goes back in its place. /run goes with the boot, and so do live
// changes; what the next boot brings up is `/etc/tofro`, or `/etc/tofro.old` while that stands beside it.
import { appliedParts, formatApplied } from "../core/applied.ts";
import type { Change, Changes } from "../core/diff.ts";
import type { Sysctl } from "../core/node-state.ts";
import { AGENT_LIB, agentLines, RUNNER, startAgentLine, stopAgentLine, undoAgentLines } from "./agent.ts";
import { linesOf, ETC, nodeKeyFile, presharedKeyFile, type ChangeMeans } from "./change.ts";
import { noteUnitLines, undoUnitLines, unitLines, type UnitOptions } from "./unit.ts";

/** Stands while an apply is under way. */
export const RUN = "/run/tofro/apply";
const NEW = `${RUN}/new`;
/** The keys that the machine goes back to. */
const OLD = `${RUN}/old`;
/** What the way back said. */
const LOG = "/run/tofro/rollback.log";
/** How each apply ended, whose it was and what it changed here: a line each. */
export const OUTCOMES = "/run/tofro/apply.log";
/** Exit codes: another apply has the lock; this apply is not armed any more; the node's key is not the planned one. */
export const TAKEN = 75;
export const GONE = 76;
export const CHANGED = 77;

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
  /** The node keeps its private key to itself: it outlives what tofro leaves; with its public half when that is planned with. */
  readonly ownKey?: { readonly publicKey?: string };
}

/** Where a key that was made for an apply waits for it. */
export const madeKeyFolder = (token: string): string => `/run/tofro/key.${token}`;

/** What changes of live state; the same lines that `plan` prints. */
export const stageLines = (changes: readonly Change[], wireguard: ChangeMeans["wireguard"]): string[] =>
  linesOf(changes, { wireguard, keys: NEW }, "until-one-fails");

/**
 * Takes the lock, lays everything ready, and arms the way back. Changes nothing; exit 75 and the holder when it is taken.
 * The folder is filled elsewhere and moved into place: there is no moment in which it is half of a lock.
 */
export function armScript(job: Job): string {
  const ready = `${RUN}.$$`;
  return script([
    ...FUNCTIONS,
    `trap 'rm -rf ${ready}' EXIT`,
    `mkdir -p ${ready}/new`,
    file(`${ready}/holder`, `${job.holder}\n`),
    file(`${ready}/token`, `${job.token}\n`),
    file(`${ready}/what`, `${formatApplied(appliedParts(job.there, job.back, job.kept.size === 0))}\n`),
    file(`${ready}/undo`, undoScript(job)),
    file(`${ready}/watch`, watcher(job)),
    ...[...job.kept].map(([name, text]) => file(`${ready}/new/${name}`, text)),
    // Ours until the watcher has it.
    `exec 9>${ready}/watching; flock -n 9`,
    // Its watcher was killed: what it had begun goes back first.
    `if [ -e ${RUN} ] && unwatched; then rm -f ${RUN}/deadline; sh ${RUN}/watch 9>&-; fi`,
    `mv -T ${ready} ${RUN} 2>/dev/null || { cat ${RUN}/holder 2>/dev/null; exit ${TAKEN}; }`,
    `trap 'rm -rf ${ETC}.new; ${RELEASE}' EXIT`,
    // Left by an arming that was killed.
    `for each in ${RUN}.*; do kill -0 "\${each##*.}" 2>/dev/null || rm -rf "$each"; done`,
    RESTORE,
    ...ownKeyLines(job),
    ...liveKeys(job),
    ...(job.hasSystemd ? noteUnitLines(RUN) : []),
    // On the disk now, so that a full one is found before anything is changed.
    `rm -rf ${ETC}.new`,
    `rmdir ${NEW} 2>/dev/null || { cp -a ${NEW} ${ETC}.new; sync -f ${ETC}.new 2>/dev/null || sync; }`,
    setDeadline(job),
    `touch ${RUN}/armed`,
    job.hasSystemd
      ? // Killed, it is started again; what the way back starts stays when it ends.
        `systemd-run --quiet --collect -p Restart=on-failure -p KillMode=process --unit=tofro-rollback-${job.token} sh ${RUN}/watch 9>&-`
      : `setsid sh ${RUN}/watch </dev/null >/dev/null 2>&1 9>&- &`,
    `for try in $(seq 100); do [ ! -e ${RUN}/started ] || break; sleep 0.05; done`,
    `[ -e ${RUN}/started ] || { echo 'the way back does not start' >&2; exit 1; }`,
    "trap - EXIT",
  ]);
}

/** The key that was made for this apply, else the one that the node has kept. */
function ownKeyLines({ ownKey, token }: Job): string[] {
  if (ownKey === undefined) return [];
  const own = nodeKeyFile(NEW);
  return [
    `for each in ${nodeKeyFile(ETC)} ${nodeKeyFile(madeKeyFolder(token))}; do [ ! -e $each ] || cat $each >${own}; done`,
    // Of others, too: they plan anew.
    `rm -rf ${madeKeyFolder("*")}`,
    ...(ownKey.publicKey === undefined
      ? []
      : [`[ "$(wg pubkey <${own})" = ${ownKey.publicKey} ] || exit ${CHANGED}`]),
  ];
}

/** The key that is in use, which may not be the one in the file any more: somebody has put the next one there. */
function liveKeys({ back }: Job): string[] {
  const names = allOf(back).flatMap((change) =>
    change.kind === "wireguard" && change.set.privateKey === true ? [change.name] : [],
  );
  return [
    `if [ -e ${ETC} ]; then cp -a ${ETC} ${OLD}; else mkdir ${OLD}; fi`,
    ...(names.length === 0
      ? []
      : [
          `for each in ${names.join(" ")}; do`,
          `  if wg show $each private-key >${OLD}/live 2>/dev/null && [ $(wc -c <${OLD}/live) = 45 ]; then mv ${OLD}/live ${nodeKeyFile(OLD)}; break; fi`,
          "done",
        ]),
  ];
}

/** One stage; only while this apply is armed. */
export const stageScript = (job: Job, changes: readonly Change[]): string =>
  script(guarded(job, [`touch ${RUN}/begun`, ...stageLines(changes, job.wireguard)]));

/** Makes it last: what brings the machine up at boot is replaced as a whole. The way back stays armed, for its whole time anew. */
export const commitScript = (job: Job): string =>
  script(
    guarded(job, [
      `touch ${RUN}/committed`,
      `rm -rf ${ETC}.old`,
      // An empty one: there was none.
      `if [ -e ${ETC} ]; then mv ${ETC} ${ETC}.old; else mkdir ${ETC}.old; fi`,
      `[ ! -e ${ETC}.new ] || mv ${ETC}.new ${ETC}`,
      ...(job.hasSystemd ? unitLines(unitOptions(job), file) : []),
      setDeadline(job),
      ...agentLines(`${ETC}.old`),
      setDeadline(job),
    ]),
  );

/** From here on the machine stays as it is. Repeated, it says whether it does. */
export const disarmScript = (job: Job): string =>
  script([
    `! grep -qs '${job.token} stays' ${OUTCOMES} || exit 0`,
    ...guarded(job, [
      `mv ${RUN}/armed ${RUN}/disarmed`,
      outcome(job, "stays"),
      `rm -rf ${ETC}.old`,
      // Only now: a `down` that goes back needs it again.
      ...(job.kept.size === 0 ? [`rm -rf ${AGENT_LIB}`] : []),
      RELEASE,
    ]),
  ]);

/** Goes back now. Repeated, or after the watcher has fired, it waits until that is done. */
export const rollbackScript = (job: Pick<Job, "token">): string =>
  script([
    ...FUNCTIONS,
    // It has restarted in the middle.
    `[ -e ${RUN} ] || { ${RESTORE}; rm -rf ${ETC}.new; }`,
    `${mine(job)} || exit 0`,
    `rm -f ${RUN}/deadline`,
    `if unwatched; then sh ${RUN}/watch >/dev/null 2>&1; fi`,
    `for try in $(seq 1200); do ${mine(job)} || exit 0; sleep 0.1; done`,
    "echo 'it is still going back after two minutes' >&2",
    "exit 1",
  ]);

/** Brings the machine up from nothing, at boot. Every line is tried: one name that cannot be resolved shall not cost all. */
export const upScript = (fromNothing: Changes, wireguard: ChangeMeans["wireguard"]): string =>
  [
    "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
    `sh ${ETC}/down 2>/dev/null`,
    "failed=0",
    ...linesOf(allOf(fromNothing).flatMap(endpointsApart), { wireguard, keys: ETC }, "all").map((line) =>
      line.replace(/$|\n/, (end) => ` || failed=1${end}`),
    ),
    startAgentLine,
    "exit $failed",
    "",
  ].join("\n");

/** `wg set` does all or nothing, and an endpoint's name may not resolve yet. */
export function endpointsApart(change: Change): Change[] {
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
    stopAgentLine,
    ...linesOf(allOf(toNothing), { wireguard, keys: ETC }, "all"),
    ...was.map(({ key, value }) => `sysctl -qw ${key}=${value}`),
    "exit 0",
  ].join("\n")}\n`;

export const keptKeyName = (name: string): string => presharedKeyFile("", name).slice(1);
export const keptNodeKeyName = nodeKeyFile("").slice(1);

const allOf = ({ widen, move, narrow }: Changes): Change[] => [...widen, ...move, ...narrow];

/** Every line is tried: wherever the way there had stopped, the way back leads to where it began. Can be repeated. */
const undoScript = (job: Job): string =>
  [
    // A stage that still runs would change things behind our back.
    `stage=$(cat ${stageFile(job)} 2>/dev/null)`,
    `if [ -n "$stage" ] && [ "$(tr '\\0' ' ' </proc/$stage/cmdline)" = 'sh -s ' ]; then`,
    "  kill -STOP $stage",
    '  all="$stage $(cat /proc/$stage/task/$stage/children)"',
    "  kill -KILL $all",
    "  for each in $all; do for try in $(seq 50); do grep -qs '^State:.[^ZX]' /proc/$each/status || break; sleep 0.1; done; done",
    "fi",
    RESTORE,
    `rm -rf ${ETC}.new`,
    // Where nothing was begun what others, an agent say, have changed since we looked is theirs.
    `if [ -e ${RUN}/begun ]; then`,
    ":",
    ...linesOf(allOf(job.back), { wireguard: job.wireguard, keys: OLD }, "all"),
    "fi",
    ...(job.hasSystemd ? undoUnitLines(RUN) : []),
    `if [ -e ${RUN}/committed ]; then`,
    ...undoAgentLines(NEW),
    "fi",
    "exit 0",
    "",
  ].join("\n");

/** Commit began, and nobody has said that it stays: what it replaced comes back. */
const RESTORE = `if [ -e ${ETC}.old ]; then rm -rf ${ETC}; rmdir ${ETC}.old 2>/dev/null || mv ${ETC}.old ${ETC}; fi`;

/** All at once: nobody finds half a lock. */
const RELEASE = `mv ${RUN} ${RUN}.$$; rm -rf ${RUN}.$$`;

/** Seconds by /proc/uptime: it counts while the machine sleeps, and nobody sets it. */
const setDeadline = ({ timeoutS }: Job): string =>
  `echo $(($(cut -d. -f1 /proc/uptime) + ${timeoutS})) >${RUN}/deadline.new; mv ${RUN}/deadline.new ${RUN}/deadline`;

const FUNCTIONS = [
  // Its watcher takes the lock at its start, and a look takes it for a moment: free twice is free.
  `unwatched() { flock -n ${RUN}/watching true && sleep 0.2 && flock -n ${RUN}/watching true; }`,
  `late() { read -r up rest </proc/uptime; read -r last <${RUN}/deadline || last=0; [ "\${up%%.*}" -ge "$last" ]; } 2>/dev/null`,
];

/** Waits for the deadline, or for it to be gone, and goes back unless the apply stays. In place of one that was killed, too. */
const watcher = (job: Job): string =>
  [
    "umask 077; PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
    ...FUNCTIONS,
    `${mine(job)} || exit 0`,
    `exec 9>>${RUN}/watching`,
    `touch ${RUN}/started`,
    "flock -w 20 9 || exit 1",
    // What is started here must not hold the lock when this is killed.
    `while ${mine(job)} && ! late; do sleep 0.5 9>&-; done`,
    `${mine(job)} || exit 0`,
    `mv ${RUN}/armed ${RUN}/firing 2>/dev/null`,
    `if [ -e ${RUN}/firing ]; then`,
    // Without a log rather than not at all.
    `  sh ${RUN}/undo >${LOG} 2>&1 9>&- || sh ${RUN}/undo >/dev/null 2>&1 9>&-`,
    // A command that fails may have said what its key file holds.
    `  sed -i 's#[A-Za-z0-9+/]\\{43\\}=#(key)#g' ${LOG} 2>/dev/null || rm -f ${LOG}`,
    `  ${outcome(job, "went back")}`,
    "fi",
    `[ ! -e ${RUN}/disarmed ] || rm -rf ${ETC}.old`,
    RELEASE,
    "",
  ].join("\n");

const outcome = ({ token }: Job, how: "stays" | "went back"): string =>
  `{ echo "$(date -u +%FT%TZ) ${token} ${how} $(cat ${RUN}/holder); $(cat ${RUN}/what)" >>${OUTCOMES}; } 2>/dev/null || true`;

const mine = ({ token }: Pick<Job, "token">): string => `[ "$(cat ${RUN}/token 2>/dev/null)" = ${token} ]`;

const stageFile = ({ token }: Job): string => `${RUN}/stage-${token}`;

/** The lines run while the apply is armed. They are named before they look, so that a way back that fires then ends them. */
const guarded = (job: Job, lines: readonly string[]): string[] => [
  ...FUNCTIONS,
  "refuse() {",
  `  if grep -qs '${job.token} went back' ${OUTCOMES}; then echo 'the machine went back by itself: its time was over'`,
  `  elif ${mine(job)}; then echo "$1"`,
  "  else echo 'the machine knows nothing of this apply any more, as after a restart'; fi >&2",
  `  exit ${GONE}`,
  "}",
  `{ echo $$ >${stageFile(job)}; } 2>/dev/null || refuse 'its /run is full'`,
  `trap 'rm -f ${stageFile(job)}' EXIT`,
  `${mine(job)} && [ -e ${RUN}/armed ] && ! late || refuse 'the machine goes back: its time is over'`,
  "! unwatched || refuse 'what watches over its way back was killed'",
  ...lines,
];

const unitOptions = ({ kept }: Job): UnitOptions | undefined =>
  kept.size === 0
    ? undefined
    : { run: RUN, restore: RESTORE, follows: kept.has("follow"), hasAgent: kept.has(RUNNER) };

/** In braces: a script that is cut off on its way does nothing at all. */
const script = (lines: readonly string[]): string =>
  ["{", "set -e; umask 077", "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C", ...lines, "exit 0", "}", ""].join(
    "\n",
  );

/** A whole file by heredoc: its text never is an argument of anything. */
const file = (path: string, text: string): string =>
  text === ""
    ? `: >${path}`
    : `cat >${path} <<'TOFRO-FILE'\n${text.endsWith("\n") ? text : `${text}\n`}TOFRO-FILE`;
