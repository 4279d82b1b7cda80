// The shell scripts of one measurement on one machine: look, arm, go, collect, release.
//
// Everything lies in one folder of /run. Having it there is the lock; the watcher in the background removes it, and the
// routing rules, when whoever armed it is not heard of any more.
import { familyOf, hostPrefix, type Address } from "../core/address.ts";
import { STAMP_PORT } from "../stamp/config.ts";
import type { PlannedSession } from "./sessions.ts";

const RUN = "/run/tofro/probe";
/** Of our rules and routes for the time of a run. Not the plan's 116: they are not the plan's, and `apply` leaves them be. */
const PROBE_PROTOCOL = 117;
/** Before the plan's rules, which would send some probes by another tunnel. */
const RULE_PRIORITY = 11_500;
/** Far from the plan's tables. */
const FIRST_TABLE = 1_170_000;
const LAST_METRIC = 100_000;
/** Seconds behind its time after which a run whose watcher was killed is of nobody. */
const STALE_S = 10;

/** Keeps the probes of one tunnel in it, whatever way the plan has from one end to the other. */
export interface PinnedTunnel {
  readonly interface: string;
  readonly own: Address;
  readonly peer: Address;
  /** UDP, as this machine sends it. */
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export interface ArmOptions {
  /** Tells this run from another. */
  readonly token: string;
  /** Who holds the lock, for whoever finds it taken. */
  readonly holder: string;
  /** Until the machine cleans up by itself. */
  readonly timeoutS: number;
  readonly pins: readonly PinnedTunnel[];
  readonly node: string;
  /** The prober's program, by file name, and its configuration, which holds keys. */
  readonly files: ReadonlyMap<string, string>;
  readonly program: string;
}

/** Says who we are there, what is missing, who measures, which Node.js is good enough, and which UDP ports are taken. */
export const surveyScript = (nodes: readonly string[]): string =>
  [
    PATHS,
    'echo "user $(id -u)"',
    "command -v ip >/dev/null || echo 'missing ip'",
    `if [ -e ${RUN} ]; then if ${IS_STALE}; then echo 'left behind'; else echo "held $(cat ${RUN}/holder)"; fi; fi`,
    `for each in ${nodes.map(quote).join(" ")}; do`,
    `  path=$(command -v "$each") && version=$("$path" -p process.versions.node 2>/dev/null) && echo "node $version $path"`,
    "done",
    `cat /proc/net/udp /proc/net/udp6 2>/dev/null | while read -r _ local _; do echo "busy \${local##*:}"; done`,
    "exit 0",
    "",
  ].join("\n");

/** Takes the lock, lays the prober and its rules down, and waits until it is ready. Exit 75 and the holder: it is taken. */
export function armScript(options: ArmOptions): string {
  const { token, holder, timeoutS, files, node, program } = options;
  const ready = `${RUN}.${token}`;
  return script([
    "umask 077",
    `trap 'rm -rf ${ready}' EXIT`,
    `[ -d /run/tofro ] || made=1`,
    `mkdir -p ${ready}`,
    `[ -z "$made" ] || : >${ready}/made-run`,
    file(`${ready}/holder`, holder),
    file(`${ready}/token`, token),
    file(`${ready}/clean`, cleaner(token)),
    file(`${ready}/watch`, `sleep ${timeoutS}\nsh ${RUN}/clean\n`),
    ...Array.from(files, ([name, text]) => file(`${ready}/${name}`, text)),
    `echo $(($(cut -d. -f1 /proc/uptime) + ${timeoutS})) >${ready}/deadline`,
    // Its watcher was killed.
    `if [ -e ${RUN} ] && ${IS_STALE}; then`,
    `  sh ${RUN}/clean || rm -rf ${RUN}`,
    "fi",
    `mv -T ${ready} ${RUN} 2>/dev/null || { cat ${RUN}/holder 2>/dev/null; exit 75; }`,
    `trap 'sh ${RUN}/clean' EXIT`,
    `setsid sh ${RUN}/watch </dev/null >/dev/null 2>&1 &`,
    `echo $! >${RUN}/watcher`,
    ...[4, 6].flatMap((family) => pinLines(options.pins, family)),
    `setsid ${quote(node)} ${RUN}/${program} ${RUN} </dev/null >>${RUN}/log 2>&1 &`,
    "prober=$!",
    `echo $prober >${RUN}/prober`,
    `for try in $(seq 300); do [ ! -e ${RUN}/ready ] && [ ! -e ${RUN}/error ] && kill -0 $prober 2>/dev/null || break; sleep 0.05; done`,
    `[ -e ${RUN}/ready ] || { cat ${RUN}/error ${RUN}/log 2>/dev/null | head -5 >&2; exit 76; }`,
    "trap - EXIT",
  ]);
}

/** The window begins. */
export const goScript = (token: string): string => script([mine(token), `: >${RUN}/go`]);

/** Waits for the prober's result, and prints it after what WireGuard says of handshakes. */
export const collectScript = (token: string, timeoutS: number): string =>
  script([
    "gone() { echo 'the measurement is not there any more' >&2; exit 76; }",
    `${mine(token)} || gone`,
    `prober=$(cat ${RUN}/prober)`,
    `for try in $(seq ${timeoutS * 10}); do [ ! -e ${RUN}/result ] && kill -0 $prober 2>/dev/null || break; sleep 0.1; done`,
    `${mine(token)} || gone`,
    `[ -e ${RUN}/result ] || { echo 'the prober ended early' >&2; cat ${RUN}/error ${RUN}/log 2>/dev/null | head -5 >&2; exit 76; }`,
    "wg show all latest-handshakes 2>/dev/null || true",
    "echo '== result'",
    `cat ${RUN}/result`,
  ]);

/** Leaves nothing behind; repeated, it does nothing. */
export const releaseScript = (token: string): string =>
  script([`if ${mine(token)}; then sh ${RUN}/clean; fi`]);

/** Only what carries our protocol number goes, and nobody else's run: whoever has the lock has all of it. */
const cleaner = (token: string): string =>
  [
    PATHS,
    `${mine(token)} || exit 0`,
    `prober=$(cat ${RUN}/prober 2>/dev/null)`,
    `case "$(tr '\\0' ' ' </proc/$prober/cmdline)" in *" ${RUN} "*) kill -KILL $prober;; esac 2>/dev/null`,
    ...[4, 6].flatMap((family) => [
      `ip -${family} rule flush protocol ${PROBE_PROTOCOL} 2>/dev/null`,
      `ip -${family} route flush table all proto ${PROBE_PROTOCOL} 2>/dev/null`,
    ]),
    `[ ! -e ${RUN}/made-run ] || made=1`,
    `watcher=$(cat ${RUN}/watcher 2>/dev/null)`,
    `rm -rf ${RUN}`,
    `[ -z "$made" ] || rmdir /run/tofro 2>/dev/null`,
    // Last: it may be the one that runs this.
    `case "$(tr '\\0' ' ' </proc/$watcher/cmdline)" in *" ${RUN}/watch "*) kill -KILL -$watcher;; esac 2>/dev/null`,
    "exit 0",
  ].join("\n");

function pinLines(pins: readonly PinnedTunnel[], family: number): string[] {
  const routes: string[] = [];
  const rules: string[] = [];
  for (const [index, each] of pins.entries()) {
    if (familyOf(each.own) !== family) continue;
    const table = `table ${FIRST_TABLE + index} proto ${PROBE_PROTOCOL}`;
    const ports = `sport ${each.sourcePort} dport ${each.destinationPort}`;
    routes.push(`route add ${hostPrefix(each.peer)} dev ${each.interface} src ${each.own} ${table}`);
    // Where the tunnel is not there, or goes down, its probes shall go nowhere rather than by another one.
    rules.push(`route add unreachable default metric ${LAST_METRIC} ${table}`);
    rules.push(
      `rule add priority ${RULE_PRIORITY} ipproto udp ${ports} lookup ${FIRST_TABLE + index} protocol ${PROBE_PROTOCOL}`,
    );
  }
  if (rules.length === 0) return [];
  const batch = (options: string, lines: readonly string[]): string =>
    `ip -${family} ${options} -batch - <<'BATCH'\n${lines.join("\n")}\nBATCH`;
  return [batch("", rules), `{ ${batch("-force", routes)}\n} >>${RUN}/log 2>&1 || true`];
}

/** At the sender the rule looks at where requests go, at the reflector at where answers go. */
export function pin(session: PlannedSession, role: "sender" | "reflector"): PinnedTunnel {
  const others = { sender: session.reflector, reflector: session.sender };
  const { interface: name, address } = session[role];
  const [sourcePort, destinationPort] =
    role === "sender" ? [session.port, STAMP_PORT] : [STAMP_PORT, session.port];
  return { interface: name, own: address, peer: others[role].address, sourcePort, destinationPort };
}

const PATHS = "PATH=$PATH:/usr/local/bin:/usr/sbin:/sbin:/usr/bin:/bin; export LC_ALL=C";

const mine = (token: string): string => `[ "$(cat ${RUN}/token 2>/dev/null)" = ${token} ]`;

const IS_STALE = `[ $(cut -d. -f1 /proc/uptime) -gt $(($(cat ${RUN}/deadline 2>/dev/null || echo 0) + ${STALE_S})) ]`;

/** In braces: a script that is cut off on its way does nothing at all. */
const script = (lines: readonly string[]): string =>
  ["{", "set -e", PATHS, ...lines, "exit 0", "}", ""].join("\n");

/** A whole file by heredoc: its text, which may hold keys, never is an argument of anything. */
const file = (path: string, text: string): string => `cat >${path} <<'TOFRO-FILE'\n${text}\nTOFRO-FILE`;

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
