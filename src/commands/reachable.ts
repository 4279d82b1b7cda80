// Which nodes a verb can ask at all: all of a lab's, those with `ssh:`, and the one that this machine is.
import { networkInterfaces } from "node:os";
import { TofroError } from "../core/error.ts";
import type { Plan } from "../core/plan.ts";
import type { Network } from "../files/network.ts";
import type { Host } from "../linux/command.ts";
import { machinesOf, type MachineOptions, type Machines } from "./machines.ts";

export interface Unreachable {
  readonly node: string;
  readonly message: string;
}

export interface Reachable {
  readonly hosts: ReadonlyMap<string, Host>;
  readonly unreachable: readonly Unreachable[];
  /** How WireGuard interfaces are made, where that is not found out: in a lab. */
  readonly wireguard?: Machines["wireguard"];
  readonly close: Machines["close"];
}

/** Hosts of the wanted nodes; which node this machine is, is seen from the overlay address that it holds. */
export async function reach(
  network: Network,
  plan: Plan,
  options: MachineOptions,
  wanted: (node: string) => boolean,
): Promise<Reachable> {
  const held = new Set(
    Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)),
  );
  const isHere = (node: string): boolean =>
    plan.states.some((state) => state.node === node && state.addresses.some((each) => held.has(each)));
  const known = network.spec.nodes
    .filter(({ name }) => options.node?.includes(name) ?? wanted(name))
    .map(({ name, ssh, platform }) => ({
      name,
      platform,
      canAsk: platform === undefined && (options.lab !== undefined || ssh !== undefined || isHere(name)),
    }));
  const names = known.filter(({ canAsk }) => canAsk).map(({ name }) => name);
  const machines = await machinesOf(network, plan.states, { ...options, node: options.node ?? names });
  const hosts = new Map<string, Host>();
  const unreachable: Unreachable[] = known
    .filter(({ name, canAsk }) => !canAsk && options.node?.includes(name) !== true)
    .map(({ name, platform }) => ({
      node: name,
      message:
        platform === undefined
          ? `${name} has no \`ssh:\` in ${network.spec.file}, and this machine does not hold its overlay address`
          : `${name} is set up by hand (platform: ${platform.value}), and tofro does not ask it`,
    }));
  for (const { node } of machines.states) {
    try {
      hosts.set(node, await machines.host(node));
    } catch (error) {
      if (!(error instanceof TofroError)) throw error;
      unreachable.push({ node, message: error.message });
    }
  }
  const { wireguard, close } = machines;
  return { hosts, unreachable, close, ...(wireguard && { wireguard }) };
}
