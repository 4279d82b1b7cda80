// Whether what was applied works: every machine is where it shall be, seen by a new connection, and packets go both ways.
import { isNothing } from "../core/diff.ts";
import { TofroError } from "../core/error.ts";
import { directions, type Direction, type Plan } from "../core/plan.ts";
import { observeMachine, type Aim, type Machine } from "../linux/machine.ts";
import type { Machines } from "./machines.ts";
import { planText } from "./plan.ts";

/** A tunnel in use has a new handshake every two minutes; after three its session is over (WireGuard's REJECT_AFTER_TIME). */
const SESSION_S = 180;

export interface Applied {
  readonly changed: readonly Machine[];
  /** With those that had nothing to do. */
  readonly all: readonly Machine[];
  /** For a first answer; handshakes may take some seconds. */
  readonly waitS: number;
}

/** Throws when a machine did not come to its state, or when a direction that a line names does not work. */
export async function verify(plan: Plan, { changed, all, waitS }: Applied, machines: Machines, aim: Aim) {
  await Promise.all(
    changed.map(async ({ plan: state, wireguard }) => {
      const host = await machines.fresh(state.node);
      const seen = await observeMachine(host, state, { ...aim, wireguard });
      if (isNothing(seen.there)) return;
      const left = planText([{ ...seen, isDone: false }]);
      throw new TofroError(`${state.node} did not come to its state; this is left:\n${left}`);
    }),
  );
  if (aim.kind === "down") return;
  const wanted = withinReach(plan, new Set(all.map((machine) => machine.plan.node)));
  const answers = await Promise.all(
    [...new Set(wanted.map(({ from }) => from))].map((from) =>
      pingAll(
        plan,
        machines,
        wanted.filter((each) => each.from === from),
        waitS,
      ),
    ),
  );
  const broken = answers.flatMap((answer) => answer.broken);
  if (broken.length === 0) return;
  throw new TofroError(
    notWorking(
      broken,
      answers.flatMap(({ silent }) => silent),
    ),
  );
}

/** Directions that a line names and all of whose machines, there and back, are these. */
function withinReach(plan: Plan, reachable: ReadonlySet<string>): Direction[] {
  const all = [...directions(plan)];
  const passes = ({ path }: Direction): boolean => path.every((node) => reachable.has(node));
  const back = new Map(all.map((each) => [`${each.from} ${each.to}`, each]));
  return all.filter((each) => {
    const answer = back.get(`${each.to} ${each.from}`);
    return each.line !== undefined && passes(each) && (answer === undefined || passes(answer));
  });
}

interface Answer {
  readonly broken: readonly { readonly direction: Direction; readonly address: string }[];
  /** Ids of this machine's tunnels that have no session. */
  readonly silent: readonly string[];
}

/** All directions from one node by one connection: an sshd takes few at once. */
async function pingAll(
  plan: Plan,
  machines: Machines,
  wanted: readonly Direction[],
  waitS: number,
): Promise<Answer> {
  const node = wanted[0]!.from;
  const targets = wanted.flatMap((direction) =>
    plan.topology.nodes
      .filter(({ name }) => name === direction.to)
      .flatMap(({ addresses }) => addresses.map((address) => ({ direction, address }))),
  );
  const script = [
    "PATH=$PATH:/usr/sbin:/sbin",
    `end=$(($(cut -d. -f1 /proc/uptime) + ${waitS}))`,
    'reach() { until ping -q -c 1 -W 1 $1 >/dev/null 2>&1; do [ $(cut -d. -f1 /proc/uptime) -lt $end ] || { echo "broken $1"; break; }; sleep 0.2; done; }',
    ...targets.map(({ address }) => `reach ${address} &`),
    "wait",
    `old=$(($(date +%s) - ${SESSION_S}))`,
    'wg show all latest-handshakes | while read -r name key at; do [ $at -gt $old ] || echo "silent $name"; done',
    "",
  ].join("\n");
  const host = await machines.fresh(node);
  const { stdout } = await host.run(["sh", "-s"], { input: script, timeoutMs: (waitS + 30) * 1000 });
  const said = (word: string): ReadonlySet<string> =>
    new Set(Array.from(stdout.matchAll(new RegExp(`^${word} (.*)$`, "gm")), ([, what]) => what!));
  const [broken, silent] = [said("broken"), said("silent")];
  const { interfaces } = plan.states.find((state) => state.node === node)!;
  return {
    broken: targets.filter(({ address }) => broken.has(address)),
    silent: interfaces.filter(({ name }) => silent.has(name)).map(({ tunnel }) => tunnel),
  };
}

function notWorking(broken: Answer["broken"], silent: readonly string[]): string {
  const lines = broken.map(
    ({ direction, address }) => `  ${direction.path.join(" -> ")}: no answer from ${address}`,
  );
  const used = new Set(broken.flatMap(({ direction }) => direction.tunnels));
  const dead = [...new Set(silent)].filter((tunnel) => used.has(tunnel)).sort();
  const which =
    dead.length === 0 ? "" : `No handshake on ${dead.join(", ")}: is its UDP port open at both ends? `;
  return [
    "The overlay does not work:",
    ...lines.sort(),
    `${which}\`tofro doctor\` says what stands in the way.`,
  ].join("\n");
}
