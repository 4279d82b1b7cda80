// The keys that nodes keep to themselves, asked of the nodes before everybody is planned with them; apply has them made.
import { TofroError } from "../core/error.ts";
import { keepsItsKey, type NodeSpec } from "../core/spec.ts";
import { planWith, type Network } from "../files/network.ts";
import { forgetKeyScript, nodeKeyScript } from "../render/node-key.ts";
import type { Plan } from "../core/plan.ts";
import type { Machines } from "./machines.ts";

export interface NodeKeys {
  /** With what the nodes said. */
  readonly plan: Plan;
  readonly machines: Machines;
  /** Nodes that make a key in this apply, or will in the next. */
  readonly making: readonly string[];
  /** Removes what was made for an apply that did not come to its end. */
  readonly forget: () => Promise<void>;
}

/** `token` is that of the apply that will take keys that are made; absent: nothing is made. */
export async function nodeKeys(network: Network, machines: Machines, token?: string): Promise<NodeKeys> {
  const known = network.lock.nodes;
  const own = network.spec.nodes.filter(
    (node) => keepsItsKey(node) && machines.states.some((state) => state.node === node.name),
  );
  const told = new Map<string, string | undefined>();
  const making: string[] = [];
  const made: string[] = [];
  const results = await Promise.allSettled(
    own.map(async (node) => {
      const makes = node.makesItsKey === true;
      const renew = makes && known.get(node.name)?.renewsKey === true;
      const wish = { renew, ...(makes && token !== undefined ? { token } : {}) };
      const host = await machines.host(node.name);
      const { stdout } = await host.run(["sh", "-s"], { input: nodeKeyScript(wish), timeoutMs: 60_000 });
      const [, how, key] = /^(kept|made) ([A-Za-z0-9+/]{43}=)$/m.exec(stdout) ?? [];
      if (how === "made") made.push(node.name);
      if (makes) {
        if (how !== "kept") making.push(node.name);
        told.set(node.name, key);
      } else refuse(node, key);
    }),
  );
  const forget = async (): Promise<void> => {
    if (token === undefined) return;
    const input = forgetKeyScript(token);
    await Promise.allSettled(
      made.map(async (name) => (await machines.host(name)).run(["sh", "-s"], { input, timeoutMs: 10_000 })),
    );
  };
  // One that cannot be reached is told of when all are observed; until then the lock knows its key.
  const wrong = results.find((each) => each.status === "rejected" && isMachine(each.reason));
  if (wrong?.status === "rejected") {
    await forget();
    throw wrong.reason;
  }
  const plan = planWith(network, told);
  const names = new Set(machines.states.map(({ node }) => node));
  const states = plan.states.filter(({ node }) => names.has(node));
  return { plan, machines: { ...machines, states }, making: making.sort(), forget };
}

const isMachine = (reason: unknown): boolean =>
  reason instanceof TofroError && reason.detail.kind === "machine";

/** The network file says which key a node has, and the user has put it there. */
function refuse({ name, publicKey }: NodeSpec, key: string | undefined): void {
  if (key === publicKey?.value) return;
  const what = key === undefined ? "has no private key" : "has another private key";
  const hint = `put the private key of ${publicKey?.value} there, mode 0600; or write \`public_key: node\`, and apply makes one`;
  const message = `Cannot set ${name} up: it ${what} in /etc/tofro/private.key\n  hint: ${hint}`;
  throw new TofroError(message, { kind: "machine" });
}
