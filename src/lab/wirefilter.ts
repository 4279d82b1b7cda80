// Impairs links with VDE's wirefilter, one process a direction, all in the lab's `.internet` host.
//
//   a:u-c ── w0a ═▶ l0-0i ──wirefilter──▶ l0-0o ═▶ w0b ── c:u-a      ── veth, ═▶ nftables `fwd to`, l… taps
//         ◀═ l0-1o ◀──wirefilter── l0-1i ◀═                          a link without impairment: w0a ═▶ w0b
//
// One process for both directions would be wrong: to keep packets in order it lets none overtake another, of either
// direction, so the faster direction gets the slower one's delay. Without that (`-N`) it shuffles what is due in the
// same millisecond.
import { existsSync } from "node:fs";
import { namespaceHost } from "../linux/namespace.ts";
import type { Namespace } from "../linux/namespace.ts";
import type { Impairer, WireLink } from "./impair.ts";
import { INTERNET, linksOf, vethLine } from "./impair.ts";
import type { Impairment } from "./impairment.ts";
import { isNone } from "./impairment.ts";
import type { Underlay, Wire } from "./underlay.ts";
import { command } from "./wirefilter-session.ts";

export const wirefilter: Impairer = {
  wireLines: ({ wires }, pidOf) =>
    wires.flatMap((wire, index) =>
      wire.links === undefined
        ? [vethLine(wire, pidOf)]
        : wire.ends.map(({ interface: name, mac, host }, side) => {
            const peer = `type veth peer name ${device(index, side)} netns ${pidOf(INTERNET)}`;
            return `link add name ${name} address ${mac} netns ${pidOf(host)} ${peer}`;
          }),
    ),

  async start(underlay, namespaceOf) {
    const internet = namespaceHost(INTERNET, namespaceOf(INTERNET));
    await internet.run(["sh", "-s"], { input: startScript(underlay), timeoutMs: 30_000 });
  },

  async change(_underlay, { wire, side }, impairment, namespaceOf) {
    const socket = `/proc/${namespaceOf(INTERNET).pid}/root${socketPath(wire, side)}`;
    if (existsSync(socket))
      return command(
        socket,
        settings(impairment).map(([name, value]) => `${name} ${value}`),
      );
    const internet = namespaceHost(INTERNET, namespaceOf(INTERNET));
    const script = [
      "set -e",
      WAIT,
      ...launch(wire, side, impairment),
      ...ready(wire, side),
      "nft -f - <<'END'",
    ];
    const rules = forward(wire, side, true);
    await internet.run(["sh", "-s"], { input: [...script, rules, "END", ""].join("\n"), timeoutMs: 30_000 });
  },
};

/** Whether the wirefilter of a link that has one still runs: its tap ends with it. */
export function filterRuns(internet: Namespace, devices: string, { wire, side }: WireLink): boolean {
  return (
    !existsSync(`/proc/${internet.pid}/root${socketPath(wire, side)}`) ||
    devices.includes(`${tap(wire, side, "i")}:`)
  );
}

/**
 * wirefilter's settings for a left-to-right link, as in its `-d`, `-l`, `-b`, `-c`. It counts whole milliseconds: it
 * cuts the fraction off, so a random delay gets half a millisecond more and a fixed one is rounded.
 */
export function settings({ delayMs, jitterMs, lossPercent, rateBps }: Impairment): [string, string][] {
  const delay = jitterMs > 0 ? `${delayMs + 0.5}+${jitterMs}` : `${Math.round(delayMs)}`;
  const bytesPerSecond = Math.round(rateBps / 8);
  // The buffer holds what is delayed as well as what waits: the packets under way and 100 ms of queue.
  const queue = bytesPerSecond * ((delayMs + jitterMs) / 1000) + Math.max(30_000, bytesPerSecond / 10);
  return [
    ["delay", `LR${delay}`],
    ["loss", `LR${lossPercent}`],
    ["chanbufsize", `LR${rateBps > 0 ? Math.round(queue) : 0}`],
    ["bandwidth", `LR${bytesPerSecond}`],
  ];
}
const OPTIONS: Readonly<Record<string, string>> = {
  delay: "-d",
  loss: "-l",
  chanbufsize: "-c",
  bandwidth: "-b",
};

const device = (wire: number, side: number): string => `w${wire}${side === 0 ? "a" : "b"}`;
const tap = (wire: number, side: number, end: "i" | "o"): string => `l${wire}-${side}${end}`;
const socketPath = (wire: number, side: number): string => `/run/tofro/l${wire}-${side}.sock`;

function startScript(underlay: Underlay): string {
  const wires = underlay.wires.flatMap((wire, index) => (wire.links ? [{ wire, index }] : []));
  const impaired = linksOf(underlay).filter(({ link }) => !isNone(link.impairment));
  const up = wires.flatMap(({ index }) => [0, 1].map((side) => `link set ${device(index, side)} up`));
  return [
    "set -e",
    "for each in all default; do [ ! -d /proc/sys/net/ipv6 ] || echo 1 >/proc/sys/net/ipv6/conf/$each/disable_ipv6; done",
    "cd /run/tofro",
    // What waits for the processor is a slower wire. A container may not.
    "renice -n -10 -p $$ >/dev/null 2>&1 || :",
    "mkfifo -m 600 stdin",
    WAIT,
    ...impaired.flatMap(({ wire, side, link }) => launch(wire, side, link.impairment)),
    ...impaired.flatMap(({ wire, side }) => ready(wire, side)),
    "ip -batch - <<'END'",
    ...up,
    "END",
    "nft -f - <<'END'",
    "table netdev underlay {",
    ...wires.map(({ index }) => [0, 1].map((side) => chain(device(index, side))).join("\n")),
    "}",
    ...wires.flatMap(({ wire, index }) => rulesOf(wire, index)),
    "END",
    "",
  ].join("\n");
}

// Its console is stdin: at its end wirefilter exits, so it gets a FIFO that is open for writing too and never ends.
function launch(wire: number, side: 0 | 1, impairment: Impairment): string[] {
  const [left, right] = [tap(wire, side, "i"), tap(wire, side, "o")];
  const options = settings(impairment).flatMap(([name, value]) => [OPTIONS[name]!, value]);
  const log = `/run/tofro/l${wire}-${side}.log`;
  // libvdeplug reads the plug `tap://…` from a file: wirefilter's `-v left:right` cannot hold a colon.
  return [
    ...[left, right].map((name) => `echo tap://${name} >/run/tofro/${name}.vnl`),
    `wirefilter -v /run/tofro/${left}.vnl:/run/tofro/${right}.vnl ${options.join(" ")} -M ${socketPath(wire, side)} 0<>/run/tofro/stdin >${log} 2>&1 &`,
  ];
}

const WAIT = `await() {
  for try in $(seq 1000); do
    [ ! -S /run/tofro/$1.sock ] || return 0
    sleep 0.01
  done
  cat /run/tofro/$1.log >&2
  return 1
}`;

const ready = (wire: number, side: number): string[] => [
  `await l${wire}-${side}`,
  // A burst of TCP is longer than the thousand packets that a tap holds by default.
  `ip link set ${tap(wire, side, "i")} txqueuelen 10000 up`,
  `ip link set ${tap(wire, side, "o")} up`,
];

const chain = (name: string): string =>
  `  chain ${name} {\n    type filter hook ingress device "${name}" priority 0;\n  }`;

const rulesOf = ({ links }: Wire, index: number): string[] =>
  ([0, 1] as const).map((side) =>
    forward(index, side, links !== undefined && !isNone(links[side].impairment)),
  );

const rule = (name: string, target: string): string =>
  `flush chain netdev underlay ${name}\nadd rule netdev underlay ${name} fwd to "${target}"`;

/** nft commands, one transaction: from the sender's device to the receiver's, through the filter or straight. */
function forward(wire: number, side: 0 | 1, filtered: boolean): string {
  const [from, to] = [device(wire, side), device(wire, 1 - side)];
  if (!filtered) return rule(from, to);
  const [left, right] = [tap(wire, side, "i"), tap(wire, side, "o")];
  const declare = `table netdev underlay {\n${chain(right)}\n}`;
  return [declare, rule(right, to), rule(from, left)].join("\n");
}
