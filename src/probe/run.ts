// Probes tunnels: a prober on each machine for some seconds, all of them in the same ones, and nothing of it left there.
import { randomBytes, randomInt } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { TofroError } from "../core/error.ts";
import type { SessionSamples } from "../core/measure/samples.ts";
import type { Plan } from "../core/plan.ts";
import type { Secrets } from "../core/secrets.ts";
import type { Host } from "../linux/command.ts";
import { TRUE_CLOCK, type ClockError } from "../stamp/clock.ts";
import { STAMP_PORT, type ProberConfig, type ProberResult } from "../stamp/config.ts";
import { sessionKey } from "../stamp/hmac.ts";
import { explain } from "./explain.ts";
import { PROBER, proberSource } from "./prober-source.ts";
import { armScript, collectScript, goScript, pin, releaseScript, surveyScript } from "./scripts.ts";
import { planSessions, type PlannedSession } from "./sessions.ts";
import { parseSurvey, type Survey } from "./survey.ts";

export interface ProbeOptions {
  /** How long every session sends. */
  readonly seconds: number;
  /** Between two probes of one tunnel. */
  readonly intervalMs: number;
  /** Tunnel ids; absent: every tunnel whose two ends are among the machines. */
  readonly tunnels?: ReadonlySet<string>;
  /** How wrong each machine's clock shall be, by node: for tests. */
  readonly clocks?: ReadonlyMap<string, ClockError>;
  readonly progress?: (text: string) => void;
  /** Aborted by Ctrl-C: the machines are cleaned up at once. */
  readonly signal?: AbortSignal;
}

export interface Probed {
  /** A tunnel whose reflector restarted in the meantime has several. */
  readonly sessions: readonly SessionSamples[];
  readonly failures: readonly ProbeFailure[];
  /** Who read the arrival times: the kernel, or Node.js some tenths of a millisecond later. By node. */
  readonly stamps: ReadonlyMap<string, ProberResult["stamps"]>;
}

/** A machine that could not take part, or a tunnel that nothing is known of. */
export type ProbeFailure =
  | { readonly kind: "machine"; readonly node: string; readonly message: string }
  | { readonly kind: "tunnel"; readonly tunnel: string; readonly message: string };

/** A machine that takes part. */
interface Part {
  readonly node: string;
  readonly host: Host;
  readonly survey: Survey;
}

export interface Collected {
  readonly result: ProberResult;
  /** Unix time in s by interface; 0: never. */
  readonly handshakes: ReadonlyMap<string, number>;
}

/** Handshakes, and that all have heard of the beginning. */
const LEAD_MS = 1_000;
/** A round trip, and what a queue may hold. */
const DRAIN_MS = 2_000;
/** For what is not the window: arming, collecting, slow machines. */
const SPARE_S = 60;
/** Of what a session sends: a reflector answers that much before it takes its sender for mad. */
const RATE_MARGIN = 3;

/**
 * Probes every tunnel between `machines`, by node. What goes wrong on a machine or a tunnel is a failure in the result, and
 * the rest is measured; it throws only when it is aborted.
 */
export async function probeTunnels(
  machines: ReadonlyMap<string, Host>,
  plan: Plan,
  secrets: Secrets,
  options: ProbeOptions,
): Promise<Probed> {
  const failures: ProbeFailure[] = [];
  /** Does one step on all of them at once; who fails is out. */
  const step = async <Item extends { readonly node: string }, Result>(
    text: string,
    items: readonly Item[],
    work: (item: Item) => Promise<Result>,
  ): Promise<[Item, Result][]> => {
    options.signal?.throwIfAborted();
    options.progress?.(text);
    const results = await Promise.allSettled(items.map(work));
    return items.flatMap((item, index): [Item, Result][] => {
      const result = results[index]!;
      if (result.status === "fulfilled") return [[item, result.value]];
      if (!(result.reason instanceof TofroError)) throw result.reason;
      failures.push({ kind: "machine", node: item.node, message: result.reason.message });
      return [];
    });
  };

  const all = Array.from(machines, ([node, host]) => ({ node, host }));
  const surveyed = await step("looking for Node.js", all, ({ host }) => look(host));
  const parts = new Map(
    surveyed.map(([{ node, host }, survey]): [string, Part] => [node, { node, host, survey }]),
  );
  const tunnels = plan.topology.tunnels.filter(
    ({ id, ends }) => (options.tunnels?.has(id) ?? true) && ends.every(({ node }) => machines.has(node)),
  );
  const possible = tunnels.filter(({ ends }) => ends.every(({ node }) => parts.has(node)));
  const busy = new Map(Array.from(parts, ([node, { survey }]) => [node, survey.busy]));
  const sessions = planSessions(plan.topology, possible, busy);
  const run = newRun(sessions, secrets, options);
  const taking = [...parts.values()].filter(({ node }) => run.configs.has(node));
  try {
    const source = await proberSource();
    const armed = await step("starting probers", taking, (part) => arm(part, run, source));
    const going = armed.map(([part]) => part);
    const started = await step(`probing for ${options.seconds} s`, going, ({ host }) =>
      send(host, goScript(run.token)),
    );
    const collected = await step(
      "collecting",
      started.map(([part]) => part),
      (part) => collect(part, run, options),
    );
    return conclude(
      sessions,
      tunnels.filter((each) => !possible.includes(each)).map(({ id }) => id),
      new Map(collected.map(([{ node }, each]) => [node, each])),
      failures,
    );
  } finally {
    // Whatever happened: who cannot be reached any more cleans up by itself.
    await Promise.allSettled(taking.map(({ host }) => send(host, releaseScript(run.token))));
  }
}

interface Run {
  readonly token: string;
  readonly sessions: readonly PlannedSession[];
  /** By node; only machines that have a session. */
  readonly configs: ReadonlyMap<string, ProberConfig>;
}

function newRun(sessions: readonly PlannedSession[], secrets: Secrets, options: ProbeOptions): Run {
  const salt = randomBytes(16);
  const rateLimit = Math.ceil((RATE_MARGIN * 1000) / options.intervalMs) + 20;
  const ends = sessions.map(({ tunnel, sender, reflector, port }) => {
    const preshared = secrets.presharedKeys.get(tunnel);
    const first = randomInt(1, 0xffff);
    const shared = {
      port,
      ssids: [first, first + 1] as const,
      ...(preshared === undefined
        ? {}
        : { key: sessionKey(Buffer.from(preshared, "base64"), salt, tunnel).toString("base64") }),
    };
    return { tunnel, sender, reflector, shared };
  });
  const nodes = new Set(sessions.flatMap(({ sender, reflector }) => [sender.node, reflector.node]));
  const configs = Array.from(nodes, (node): [string, ProberConfig] => [
    node,
    {
      reflectorPort: STAMP_PORT,
      clock: options.clocks?.get(node) ?? TRUE_CLOCK,
      intervalMs: options.intervalMs,
      probes: Math.max(1, Math.round((options.seconds * 1000) / options.intervalMs)),
      leadMs: LEAD_MS,
      drainMs: DRAIN_MS,
      reflect: ends
        .filter(({ reflector }) => reflector.node === node)
        .map(({ sender, reflector, shared }) => ({
          own: reflector.address,
          peer: sender.address,
          rateLimit,
          ...shared,
        })),
      send: ends
        .filter(({ sender }) => sender.node === node)
        .map(({ tunnel, sender, reflector, shared }) => ({
          tunnel,
          own: sender.address,
          peer: reflector.address,
          ...shared,
        })),
    },
  ]);
  return { token: randomBytes(6).toString("hex"), sessions, configs: new Map(configs) };
}

async function look(host: Host): Promise<Survey> {
  const { stdout } = await host.run(["sh", "-s"], {
    input: surveyScript(["node", "nodejs", process.execPath]),
    timeoutMs: 60_000,
  });
  const survey = parseSurvey(stdout);
  const cannot = (why: string): TofroError =>
    new TofroError(`Cannot measure on ${host.name}: ${why}`, { kind: "machine" });
  if (!survey.isRoot) throw cannot("its user is not root");
  if (survey.missing.length > 0) throw cannot(`it lacks ${survey.missing.join(", ")}`);
  if (survey.node === undefined) {
    const found = survey.tooOld === undefined ? "it has no Node.js" : `its Node.js is ${survey.tooOld}`;
    throw cannot(`${found}, and the prober needs 20 or newer; on Debian: \`apt-get install nodejs\``);
  }
  if (survey.busy.has(STAMP_PORT)) {
    throw cannot(`UDP port ${STAMP_PORT} is taken by another STAMP or TWAMP reflector there`);
  }
  return survey;
}

async function arm(
  { node, host, survey }: Part,
  run: Run,
  source: ReadonlyMap<string, string>,
): Promise<void> {
  const config = run.configs.get(node)!;
  const pins = run.sessions.flatMap(({ sender, reflector, port }) => [
    ...(sender.node === node
      ? [pin("sender", { interface: sender.interface, own: sender.address, peer: reflector.address }, port)]
      : []),
    ...(reflector.node === node
      ? [
          pin(
            "reflector",
            { interface: reflector.interface, own: reflector.address, peer: sender.address },
            port,
          ),
        ]
      : []),
  ]);
  const windowS = (config.leadMs + config.probes * config.intervalMs + config.drainMs) / 1000;
  const input = armScript({
    token: run.token,
    holder: `${userInfo().username}@${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`,
    timeoutS: Math.ceil(windowS) + SPARE_S,
    pins,
    node: survey.node!,
    files: new Map([...source, ["config", JSON.stringify(config)]]),
    program: PROBER,
  });
  const { code, stdout, stderr } = await host.run(["sh", "-s"], { input, anyExit: true, timeoutMs: 60_000 });
  if (code === 0) return;
  const why =
    code === 75
      ? `another measurement is under way there: ${stdout.trim()}`
      : stderr.trim() || `exit code ${code}`;
  throw new TofroError(`Cannot measure on ${host.name}: ${why}`, { kind: "failed" });
}

async function collect({ node, host }: Part, run: Run, options: ProbeOptions): Promise<Collected> {
  const waitS = Math.ceil(options.seconds + (LEAD_MS + DRAIN_MS) / 1000) + 20;
  const { code, stdout, stderr } = await host.run(["sh", "-s"], {
    input: collectScript(run.token, waitS),
    anyExit: true,
    timeoutMs: (waitS + 30) * 1000,
  });
  if (code !== 0) {
    throw new TofroError(`Cannot measure on ${node}: ${stderr.trim() || `exit code ${code}`}`, {
      kind: "failed",
    });
  }
  const [handshakes = "", result = ""] = stdout.split("== result\n");
  return {
    result: JSON.parse(result) as ProberResult,
    handshakes: new Map(
      handshakes.split("\n").flatMap((line): [string, number][] => {
        const [name, , time] = line.split("\t");
        return name === undefined || time === undefined ? [] : [[name, Number(time)]];
      }),
    ),
  };
}

function conclude(
  planned: readonly PlannedSession[],
  left: readonly string[],
  collected: ReadonlyMap<string, Collected>,
  machineFailures: readonly ProbeFailure[],
): Probed {
  const sessions: SessionSamples[] = [];
  const failures: ProbeFailure[] = [...machineFailures];
  for (const tunnel of left)
    failures.push({ kind: "tunnel", tunnel, message: "one of its ends takes no part" });
  for (const session of planned) {
    const { tunnel, sender, reflector } = session;
    const from = collected.get(sender.node);
    const to = collected.get(reflector.node);
    const sent = from?.result.sessions.find((each) => each.tunnel === tunnel);
    if (sent === undefined || sent.lives.length === 0) {
      failures.push({ kind: "tunnel", tunnel, message: explain(session, from, to, sent?.error) });
      continue;
    }
    for (const probes of sent.lives) {
      sessions.push({ tunnel, sender: sender.node, reflector: reflector.node, probes });
    }
  }
  const stamps = new Map(Array.from(collected, ([node, { result }]) => [node, result.stamps]));
  return { sessions, failures, stamps };
}

const send = async (host: Host, input: string): Promise<void> => {
  await host.run(["sh", "-s"], { input, timeoutMs: 60_000 });
};
