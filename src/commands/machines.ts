// Which machine is which node: a lab's hosts, ssh, or this machine.
import type { Command } from "@commander-js/extra-typings";
import { byHandOf, byHandText } from "../core/by-hand.ts";
import { TofroError } from "../core/error.ts";
import type { NodeState } from "../core/node-state.ts";
import type { Secrets } from "../core/secrets.ts";
import { labHost } from "../lab/lab.ts";
import { readState } from "../lab/state.ts";
import { localHost, type Host } from "../linux/command.ts";
import { discreet } from "../linux/discreet.ts";
import type { Aim } from "../linux/machine.ts";
import { sshConnections } from "../linux/ssh.ts";
import type { Network } from "../files/network.ts";
import { secretsIn } from "../files/secrets.ts";
import type { NetworkOptions } from "./load.ts";
import { networkOptions } from "./load.ts";

export interface MachineOptions extends NetworkOptions {
  readonly node?: readonly string[] | undefined;
}

/** Adds `-f`, `--lab` and `--node`. */
export const machineOptions = (command: Command) =>
  networkOptions(command).option("--node <name...>", "only these nodes");

export interface Machines {
  readonly states: readonly NodeState[];
  readonly host: (node: string) => Promise<Host>;
  /** By a connection of its own. */
  readonly fresh: (node: string) => Promise<Host>;
  readonly wireguard?: Aim["wireguard"];
  readonly close: () => Promise<void>;
}

/** Throws "usage" for a node that is not there or set up by hand, or when it is not clear which node this machine is. */
export async function machinesOf(
  network: Network,
  states: readonly NodeState[],
  options: MachineOptions,
): Promise<Machines> {
  const byHand = new Map(byHandOf(network.spec).map((each) => [each.node, each]));
  const chosen = states.filter(({ node }) => options.node?.includes(node) ?? !byHand.has(node));
  const unknown = options.node?.find((name) => !states.some(({ node }) => node === name));
  if (unknown !== undefined) throw new TofroError(`There is no node "${unknown}"`, { kind: "usage" });
  const theirs = chosen.flatMap(({ node }) => byHand.get(node) ?? []);
  if (theirs.length > 0) throw new TofroError(theirs.map(byHandText).join("\n"), { kind: "usage" });
  const secrets = secretsIn(network.vault);
  if (options.lab !== undefined) return inLab(options.lab, chosen, secrets);
  const destinations = new Map(network.spec.nodes.map((node) => [node.name, node.ssh]));
  const here = chosen.filter(({ node }) => destinations.get(node) === undefined).map(({ node }) => node);
  if (here.length > 1) {
    const message = `${here.join(", ")} have no \`ssh:\`: only one node can be this machine; say which with --node`;
    throw new TofroError(message, { kind: "usage" });
  }
  const ssh = await sshConnections();
  const open = (node: string, how: "host" | "fresh"): Promise<Host> => {
    const destination = destinations.get(node);
    const host = destination === undefined ? { ...localHost, name: node } : ssh[how](node, destination);
    return Promise.resolve(discreet(host, secrets));
  };
  return {
    states: chosen,
    host: (node) => open(node, "host"),
    fresh: (node) => open(node, "fresh"),
    close: ssh.close,
  };
}

async function inLab(lab: string, states: readonly NodeState[], secrets: Secrets): Promise<Machines> {
  const { wireguard } = await readState(lab);
  const host = async (node: string): Promise<Host> => discreet(await labHost(lab, node), secrets);
  return { states, host, fresh: host, wireguard, close: () => Promise.resolve() };
}
