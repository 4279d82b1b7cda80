// How a machine runs its agent: by systemd's unit, or where there is no systemd by a script that starts it again.
//
//   sh /etc/tofro/agent run        the agent itself, in the foreground: what the unit starts
//   sh /etc/tofro/agent start      watched over by the script, unless systemd does that; once, however often it is said
//   sh /etc/tofro/agent restart    with the files as they are now: whoever watches over it starts it again
//   sh /etc/tofro/agent wait       until it runs; exit 1 when it does not
//   sh /etc/tofro/agent stop       ends it, and leaves nothing of it
import { CONFIG_NAME } from "../core/agent/config.ts";
import { ETC } from "./change.ts";

/** Mode 0700; not below /run/tofro, which is of applies and their lock. */
export const AGENT_RUN = "/run/tofro-agent";
/** What the agent holds the machine at now: for `plan`, to which it is no drift. */
export const HELD = `${AGENT_RUN}/held`;
/** What outlives a boot, and `apply --no-agent`: how much the machine has carried this month, and the controller's history. */
export const AGENT_LIB = "/var/lib/tofro";
export const HISTORY = `${AGENT_LIB}/history.sqlite`;
export const CARRIED = `${AGENT_LIB}/carried`;
/** Of `/etc/tofro`. */
export const RUNNER = "agent";
export const PROGRAM_NAME = "agent.mjs";

const SYSTEMD = "[ -d /run/systemd/system ]";

/** The script; `node` is the Node.js of the machine. */
export const runnerScript = (node: string): string => `PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C; umask 077
own() { pid=$(cat ${AGENT_RUN}/$1 2>/dev/null) && tr '\\0' ' ' </proc/$pid/cmdline 2>/dev/null | grep -q 'tofro.*agent'; }
end() { own $1 || return 0; kill $pid; for try in $(seq 100); do own $1 || return 0; sleep 0.1; done; kill -9 $pid; }
case $1 in
run)
  exec '${node.replaceAll("'", "'\\''")}' ${ETC}/${PROGRAM_NAME} ${ETC}
  ;;
start)
  ! ${SYSTEMD} || exit 0
  mkdir -p ${AGENT_RUN}
  setsid sh ${ETC}/${RUNNER} watch </dev/null >/dev/null 2>&1 &
  ;;
watch)
  exec 9>${AGENT_RUN}/watching; flock -n 9 || exit 0
  echo $$ >${AGENT_RUN}/watcher
  while [ -e ${ETC}/${CONFIG_NAME} ]; do sh ${ETC}/${RUNNER} run >${AGENT_RUN}/log 2>&1 9>&-; sleep 1 9>&-; done
  ;;
restart)
  end pid
  ;;
wait)
  for try in $(seq 300); do own pid && [ -e ${HELD} ] && exit 0; sleep 0.1; done
  echo 'the agent does not start:' >&2
  { ${SYSTEMD} && journalctl -qu tofro-agent -n 5 -o cat || tail -n 5 ${AGENT_RUN}/log; } >&2
  exit 1
  ;;
stop)
  end watcher
  end pid
  rm -rf ${AGENT_RUN}
  ;;
esac
`;

/** For systemd; it goes down with the plan and comes up with it. */
export const AGENT_UNIT = `[Unit]
Description=tofro: measure, choose and fail over
Requires=tofro.service
After=tofro.service
StartLimitIntervalSec=0

[Service]
ExecStart=/bin/sh ${ETC}/${RUNNER} run
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target tofro.service
`;

const tell = (folder: string, word: string): string => `sh ${folder}/${RUNNER} ${word}`;
const isThere = (folder: string): string => `[ -e ${folder}/${RUNNER} ]`;

/** For `sh -e`, behind the units: what the files of before started ends, what the new ones start runs. */
export const agentLines = (before: string): string[] => [
  `! ${isThere(before)} || if ! ${isThere(ETC)}; then ${tell(before, "stop")}; elif ! ${sameFiles(before)}; then ${tell(ETC, "restart")}; fi`,
  `! ${isThere(ETC)} || { ${tell(ETC, "start")}; ${tell(ETC, "wait")}; }`,
];

const sameFiles = (before: string): string =>
  `{ ${[PROGRAM_NAME, CONFIG_NAME, RUNNER].map((name) => `cmp -s ${before}/${name} ${ETC}/${name}`).join(" && ")}; }`;

/** For the way back from a commit, behind the units; `tried` holds the files that were committed. */
export const undoAgentLines = (tried: string): string[] => [
  `if ${isThere(ETC)}; then ${tell(ETC, "restart")}; ${tell(ETC, "start")}; elif ${isThere(tried)}; then ${tell(tried, "stop")}; fi`,
];

export const startAgentLine = `! ${isThere(ETC)} || ${tell(ETC, "start")}`;
export const stopAgentLine = `! ${isThere(ETC)} || ${tell(ETC, "stop")}`;
