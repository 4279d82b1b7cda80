// Brings labs up and down, and finds their hosts: a lab is what runs under its marker and what lies in its folder.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { TofroError } from "../core/error.ts";
import type { Spec } from "../core/spec.ts";
import type { Forwarder } from "../core/topology.ts";
import { environment, run } from "../linux/command.ts";
import type { Host } from "../linux/command.ts";
import { endNamespaces, findNamespaces, namespaceHost, startNamespace } from "../linux/namespace.ts";
import type { Namespace } from "../linux/namespace.ts";
import { setupScript } from "./host-setup.ts";
import { INTERNET } from "./impair.ts";
import type { Impairer } from "./impair.ts";
import type { LabFile } from "./lab-file.ts";
import { networkPath } from "./load.ts";
import { probe } from "./machine.ts";
import type { Means } from "./machine.ts";
import { netem } from "./netem.ts";
import { checkLabName, claimLab, DEFAULT_LAB, marker, readState, releaseLab, writeState } from "./state.ts";
import type { LabState } from "./state.ts";
import { planUnderlay } from "./underlay.ts";
import type { Underlay } from "./underlay.ts";
import { wirefilter } from "./wirefilter.ts";

export interface UpOptions {
  readonly lab: LabFile;
  readonly spec: Spec;
  /** Of the compiled topology: they know the ports behind the forwards. */
  readonly forwarders: readonly Forwarder[];
  readonly name?: string;
  /** What the user asked for; the rest is found out. */
  readonly means?: Partial<Means>;
  /** Brings the overlay up on one node; called for all at once. Absent: a bare lab. */
  readonly overlay?: (host: Host, node: string, state: LabState) => Promise<void>;
  /** Aborted by Ctrl-C: what was made until then is taken down again. */
  readonly signal?: AbortSignal;
}

export const IMPAIRERS: Readonly<Record<Means["impair"], Impairer>> = { netem, wirefilter };

/** Starts a lab; on any failure nothing of it is left. */
export async function up(options: UpOptions): Promise<LabState> {
  const { lab, spec, forwarders, name = DEFAULT_LAB, overlay, signal } = options;
  checkLabName(name);
  const { underlay, diagnostics } = planUnderlay(spec, lab, forwarders);
  if (diagnostics.length > 0) {
    throw new TofroError(`Cannot start the lab of ${lab.file}`, { kind: "input", diagnostics });
  }
  const means = await probe(options.means ?? {}, { wireguard: overlay !== undefined });
  if (findNamespaces(marker(name)).length > 0 || !(await claimLab(name))) {
    const flag = name === DEFAULT_LAB ? "" : ` --name ${name}`;
    const message = `Cannot start lab "${name}": it is up, or was left behind; \`tofro lab down${flag}\` ends it`;
    throw new TofroError(message, { kind: "usage" });
  }
  try {
    const nodes = spec.nodes.map((node) => node.name);
    const files = { labFile: resolve(lab.file), network: networkPath(lab) };
    const state: LabState = { name, ...files, ...means, nodes, underlay, schedule: lab.schedule };
    await writeState(state);
    const namespaces = await build(state, signal);
    if (overlay) {
      await Promise.all(nodes.map((node) => overlay(namespaceHost(node, namespaces(node)), node, state)));
    }
    signal?.throwIfAborted();
    const done = { ...state, upAtMs: Date.now() };
    await writeState(done);
    if (lab.schedule.length > 0) startSchedule(name, namespaces(INTERNET));
    return done;
  } catch (error) {
    await down(name);
    // Ctrl-C also ends the command that was just running, which is not what went wrong.
    throw signal?.aborted ? signal.reason : error;
  }
}

/** Ends a lab, whatever is left of it; returns false when nothing was. Touches only what is under its marker and folder. */
export async function down(name: string = DEFAULT_LAB): Promise<boolean> {
  checkLabName(name);
  const ended = await endNamespaces(marker(name));
  const known = await readState(name).then(
    () => true,
    () => false,
  );
  await releaseLab(name);
  return ended > 0 || known;
}

/** The network file of a running lab, absolute. Throws TofroError "usage" when there is no such lab. */
export const labNetworkFile = async (name: string): Promise<string> => (await readState(name)).network;

/** A host of a running lab: a node, forwarder or NAT router. Throws TofroError "usage" when there is none. */
export async function labHost(name: string, host: string): Promise<Host> {
  const state = await readState(name);
  return namespaceHost(host, namespaceIn(state, host));
}

/** Finds running hosts by name. */
export function namespacesOf({ name, underlay }: LabState): (host: string) => Namespace {
  const found = new Map(findNamespaces(marker(name)).map((each) => [each.marker, each]));
  return (host) => {
    const namespace = found.get(marker(name) + host);
    if (namespace !== undefined) return namespace;
    const known = underlay.hosts.map((each) => each.name);
    const why = known.includes(host) ? "it does not run any more" : `its hosts are ${known.join(", ")}`;
    throw new TofroError(`Cannot find host "${host}" in lab "${name}": ${why}`, { kind: "usage" });
  };
}

const namespaceIn = (state: LabState, host: string): Namespace => namespacesOf(state)(host);

async function build(state: LabState, signal?: AbortSignal): Promise<(host: string) => Namespace> {
  const { name, underlay, impair } = state;
  const names = [INTERNET, ...underlay.hosts.map((host) => host.name)];
  const started = await Promise.all(
    names.map((host) => startNamespace(marker(name) + host, underlay.etcHosts)),
  );
  const namespaces = new Map(started.map((each, index) => [names[index]!, each]));
  const find = (host: string): Namespace => namespaces.get(host)!;
  signal?.throwIfAborted();
  await makeWires(underlay, IMPAIRERS[impair], find);
  signal?.throwIfAborted();
  await Promise.all([
    IMPAIRERS[impair].start(underlay, find),
    ...underlay.hosts.map((host) =>
      namespaceHost(host.name, find(host.name)).run(["sh", "-s"], { input: setupScript(host, underlay) }),
    ),
  ]);
  signal?.throwIfAborted();
  return find;
}

/** From inside the lab, so that no interface shows up in this machine's own network, even for a moment. */
async function makeWires(
  underlay: Underlay,
  impairer: Impairer,
  find: (host: string) => Namespace,
): Promise<void> {
  const lines = impairer.wireLines(underlay, (host) => find(host).pid);
  const argv = ["nsenter", "--target", String(find(INTERNET).pid), "--net", "ip", "-batch", "-"];
  await run(argv, { input: `${lines.join("\n")}\n` });
}

/** In the lab's PID namespace, so that it dies with the lab; its last argument is the marker that `down` waits for. */
function startSchedule(name: string, internet: Namespace): void {
  const script = fileURLToPath(new URL("schedule.ts", import.meta.url));
  const argv = [
    "--target",
    String(internet.pid),
    "--pid",
    process.execPath,
    script,
    name,
    `${marker(name)}schedule`,
  ];
  spawn("nsenter", argv, { detached: true, stdio: "ignore", env: environment() }).unref();
}

/** Interfaces of a lab host, as the kernel lists them. */
export const devicesOf = ({ pid }: Namespace): string => readFileSync(`/proc/${pid}/net/dev`, "utf8");
