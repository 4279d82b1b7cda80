// Brings the overlay up on a lab's nodes, each from its own state.
import { TofroError } from "../core/error.ts";
import type { Plan } from "../core/plan.ts";
import { keepsItsKey } from "../core/spec.ts";
import type { Forwarder } from "../core/topology.ts";
import { readNetwork, settle } from "../files/network.ts";
import type { Unlock } from "../files/vault.ts";
import type { Host } from "../linux/command.ts";
import { discreet } from "../linux/discreet.ts";
import { dialScript, setUpScript } from "../render/set-up.ts";
import type { LabState } from "./state.ts";
import { addWireguard } from "./wireguard.ts";

export interface PreparedOverlay {
  readonly plan: Plan;
  readonly forwarders: readonly Forwarder[];
  /** Brings the overlay up on one node, and waits for the others before it dials: call it for all nodes at once. */
  readonly bringUp: (host: Host, node: string, lab: LabState) => Promise<void>;
}

/** Plans a network and makes the keys that are missing; writes the lock and the secrets beside its file. */
export async function prepareOverlay(networkFile: string, unlock?: Unlock): Promise<PreparedOverlay> {
  const read = await readNetwork(networkFile);
  const own = read.spec.nodes.filter(keepsItsKey).map(({ name }) => name);
  if (own.length > 0) {
    const message = `Cannot bring ${own.join(", ")} up in a lab: \`public_key:\` says that the private key is elsewhere; use \`lab up --bare\``;
    throw new TofroError(message, { kind: "usage" });
  }
  const { network, plan } = await settle(read, unlock);
  const states = new Map(plan.states.map((state) => [state.node, state]));
  const ready = new Map(plan.states.map(({ node }) => [node, Promise.withResolvers<void>()]));
  return {
    plan,
    forwarders: plan.topology.forwarders,
    async bringUp(host, node, lab) {
      const state = states.get(node)!;
      await Promise.all(state.interfaces.map(({ name }) => addWireguard(host, name, lab.wireguard)));
      const input = setUpScript(state, network.secrets);
      await discreet(host, network.secrets).run(["sh", "-s"], { input, timeoutMs: 60_000 });
      ready.get(node)!.resolve();
      await Promise.all([...ready.values()].map(({ promise }) => promise));
      await host.run(["sh", "-s"], { input: dialScript(state), timeoutMs: 60_000 });
    },
  };
}
