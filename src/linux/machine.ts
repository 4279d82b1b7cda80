// One machine of the plan, observed: where it is, where it shall go, and the changes between.
import { setTimeout as sleep } from "node:timers/promises";
import { CONFIG_NAME, formatConfig } from "../core/agent/config.ts";
import type { Held } from "../core/agent/held.ts";
import { diff, isNothing, type Changes } from "../core/diff.ts";
import { TofroError } from "../core/error.ts";
import type { Lock } from "../core/lock.ts";
import { NOTHING, routeKey, ruleKey } from "../core/machine-state.ts";
import { IDENTITY, type NodeState } from "../core/node-state.ts";
import { parseObserved, type Observed } from "../core/observed.ts";
import type { Secrets } from "../core/secrets.ts";
import type { Spec } from "../core/spec.ts";
import { downTarget, planTarget, type Target } from "../core/target.ts";
import {
  downScript,
  keptKeyName,
  keptNodeKeyName,
  upScript,
  type Job,
  type KeptFiles,
} from "../render/apply-scripts.ts";
import { PROGRAM_NAME, RUNNER, runnerScript } from "../render/agent.ts";
import type { ChangeMeans } from "../render/change.ts";
import { followScript } from "../render/follow.ts";
import { observeScript } from "../render/observe.ts";
import { firewallScript } from "../render/unit.ts";
import type { Host } from "./command.ts";
import { hash, prints } from "./preshared-prints.ts";

/** Longer than an agent takes to move its routes. */
const MOVING_MS = 500;
/** The oldest Node.js that runs an agent. */
const AGENT_NODE = 20;

export interface Machine {
  readonly plan: NodeState;
  readonly host: Host;
  readonly observed: Observed;
  readonly target: Target;
  readonly there: Changes;
  readonly back: Changes;
  readonly kept: KeptFiles;
  readonly ownKey?: Job["ownKey"];
  readonly wireguard: ChangeMeans["wireguard"];
  /** Nothing to do, on the live machine and for its next boot. */
  readonly isDone: boolean;
}

export interface Aim {
  /** `down`: nothing of tofro. */
  readonly kind: "plan" | "down";
  readonly secrets: Secrets;
  /** Nodes that keep their private key to themselves. */
  readonly ownKeys: ReadonlySet<string>;
  /** Absent: no agent. */
  readonly agent?: AgentAim;
  /** Instead of what the machine has. */
  readonly wireguard?: ChangeMeans["wireguard"];
}

/** What every agent of the network is made of. */
interface AgentAim {
  readonly program: string;
  readonly spec: Spec;
  readonly lock: Lock;
}

/** Observes a machine in one round trip. Throws "machine" when the plan cannot be carried out there. */
export async function observeMachine(host: Host, plan: NodeState, aim: Aim): Promise<Machine> {
  const seen = await observeOnce(host, plan, aim);
  if (seen.observed.held === undefined || isNothing(seen.there)) return seen;
  // Its agent may have moved routes between our looking at them and at what it holds.
  await sleep(MOVING_MS);
  return observeOnce(host, plan, aim);
}

async function observeOnce(host: Host, plan: NodeState, aim: Aim): Promise<Machine> {
  const { stdout } = await host.run(["sh", "-s"], {
    input: observeScript(plan, { agent: aim.agent !== undefined }),
    timeoutMs: 60_000,
  });
  const observed = parse(stdout, plan, host);
  const wireguard = aim.wireguard ?? observed.wireguard;
  refuse(host, plan, observed, aim, wireguard);
  const target =
    aim.kind === "down" ? downTarget(observed) : planTarget(plan, observed, prints(plan, aim.secrets));
  const means = wireguard ?? "kernel";
  const agent = aim.kind === "down" ? NO_FILES : agentFiles(plan, observed, aim);
  const kept = aim.kind === "down" ? NO_FILES : keptFiles(plan, observed, target, aim.secrets, means, agent);
  const held = observed.held?.configPrint === printOf(agent) ? observed.held : undefined;
  const now = held === undefined ? target : asHeld(target, held);
  const there = diff(observed.state, now.state);
  return {
    plan,
    host,
    observed,
    target: now,
    there,
    back: diff(now.state, backTo(observed, now), "certain"),
    kept,
    ...(aim.ownKeys.has(plan.node) ? { ownKey: ownKey(plan, aim) } : {}),
    wireguard: means,
    isDone: isNothing(there) && isKept(plan, observed, kept) && (agent.size === 0 || held !== undefined),
  };
}

const NO_FILES: KeptFiles = new Map();

/** What the agent is run by; its state of routes and rules is the plan's as long as it runs with this configuration. */
function agentFiles({ node }: NodeState, observed: Observed, { agent, wireguard }: Aim): KeptFiles {
  if (agent === undefined || observed.node === undefined) return NO_FILES;
  const { program, spec, lock } = agent;
  return new Map([
    [RUNNER, runnerScript(observed.node.path)],
    [PROGRAM_NAME, program],
    [CONFIG_NAME, formatConfig({ node, spec, lock, ...(wireguard && { wireguard }) })],
  ]);
}

const printOf = (files: KeptFiles): string | undefined => {
  const config = files.get(CONFIG_NAME);
  return config === undefined ? undefined : hash(config);
};

const asHeld = (target: Target, { routes, rules }: Held): Target => ({
  ...target,
  state: {
    ...target.state,
    routes: new Map(routes.map((route) => [routeKey(route), route])),
    rules: new Map(rules.map((rule) => [ruleKey(rule), rule])),
  },
});

/** A node without interfaces is planned without its key. */
function ownKey({ interfaces: [first] }: NodeState, { kind }: Aim): Job["ownKey"] {
  return kind === "plan" && first !== undefined ? { publicKey: first.publicKey } : {};
}

function parse(stdout: string, plan: NodeState, host: Host): Observed {
  try {
    return parseObserved(stdout, plan);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TofroError(`Cannot read the state of ${host.name}: ${why}`, { kind: "failed" }, cause);
  }
}

/** The way back also puts back the sysctls that only the target names. */
const backTo = (observed: Observed, target: Target): Observed["state"] => ({
  ...observed.state,
  sysctls: new Map([...observed.state.sysctls].filter(([key]) => target.state.sysctls.has(key))),
});

function refuse(host: Host, plan: NodeState, observed: Observed, aim: Aim, wireguard: unknown): void {
  const cannot = (why: string): TofroError =>
    new TofroError(`Cannot set ${host.name} up: ${why}`, { kind: "machine" });
  if (!observed.isRoot) throw cannot("its user is not root");
  // Nothing is pinged on the way down.
  const missing = observed.missing.filter((command) => aim.kind === "plan" || command !== "ping");
  if (missing.length > 0) throw cannot(`it lacks ${missing.join(", ")}`);
  if (aim.kind === "down") return;
  if (wireguard === undefined) throw cannot("its kernel has no WireGuard, and wireguard-go is not there");
  if (aim.agent !== undefined && (observed.node?.major ?? 0) < AGENT_NODE) {
    const has = observed.node === undefined ? "there is none" : `it has ${observed.node.major}`;
    throw cannot(
      `an agent needs Node.js ${AGENT_NODE} or newer, and ${has}; install it, or apply with --no-agent`,
    );
  }
  const clash = plan.interfaces.find(({ name }) => observed.foreign.has(name))?.name;
  if (clash !== undefined) {
    throw cannot(
      `it has an interface ${clash} that is not tofro's; \`wg-quick down ${clash}\`, or name ours otherwise`,
    );
  }
  if (observed.foreign.has(IDENTITY)) {
    throw cannot(`it has an interface ${IDENTITY} that is not tofro's, which keeps the node's own addresses`);
  }
  const [route] = observed.inTheWay;
  if (route !== undefined) {
    throw cannot(`it has a route that is not tofro's where the plan has one: ${route}`);
  }
  if (observed.firewallWanted === undefined) throw cannot("its nftables does not take the plan's table");
}

/** Whether the next boot leads to the same state. */
function isKept(plan: NodeState, observed: Observed, kept: KeptFiles): boolean {
  if (observed.hasSystemd && observed.unitEnabled !== kept.size > 0) return false;
  if (kept.size === 0) return observed.kept === undefined;
  const names = [...kept.keys()].filter((name) => name !== keptNodeKeyName).sort();
  const list = names.map((name) => `${hash(kept.get(name)!)}  ${name}\n`).join("");
  const [first] = plan.interfaces;
  return observed.kept === hash(list) && (first === undefined || observed.nodeKey === first.publicKey);
}

function keptFiles(
  plan: NodeState,
  observed: Observed,
  target: Target,
  secrets: Secrets,
  wireguard: ChangeMeans["wireguard"],
  agent: KeptFiles,
): KeptFiles {
  const key = secrets.privateKeys.get(plan.node);
  const files = new Map<string, string>(agent);
  if (key !== undefined) files.set(keptNodeKeyName, `${key}\n`);
  for (const each of plan.interfaces) {
    const preshared = secrets.presharedKeys.get(each.tunnel);
    if (preshared !== undefined) files.set(keptKeyName(each.name), `${preshared}\n`);
  }
  const follow = followScript(plan);
  if (follow !== undefined) files.set("follow", follow);
  if (plan.interfaces.length > 0) files.set("firewall", firewallScript(plan));
  files.set("was", target.was.map(({ key: name, value }) => `${name} ${value}\n`).join(""));
  // What is put back now is nobody's business at the next boot.
  const isOver = (name: string): boolean =>
    observed.was.some((each) => each.key === name) && !target.was.some((each) => each.key === name);
  const sysctls = new Map([...target.state.sysctls].filter(([name]) => !isOver(name)));
  files.set("up", upScript(diff(NOTHING, { ...target.state, sysctls }), wireguard));
  const empty = { ...NOTHING, sysctls: new Map() };
  files.set("down", downScript(diff({ ...target.state, sysctls: new Map() }, empty), target.was, wireguard));
  return files;
}
