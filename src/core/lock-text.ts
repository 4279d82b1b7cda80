// tofro.lock as text: YAML that reads well in a diff.
import { stringify } from "yaml";
import { z } from "zod";
import { familyOf } from "./address.ts";
import type { Diagnostic } from "./error.ts";
import { EMPTY_LOCK, type Lock } from "./lock.ts";
import { readStructured } from "./structured.ts";
import { address } from "./value-schemas.ts";
import { WIREGUARD_KEY } from "./wireguard-key.ts";

const port = z.int("must be a port").min(1, "must be a port").max(65535, "must be a port");
/** As `interfaces` in the network file: the lock is shared, and its names end up in root's shell. */
const interfaceName = z
  .string("must be an interface name")
  .regex(/^(?!-|(?:all|default|lo|tofro)$)[A-Za-z0-9_-]{1,15}$/, "must be an interface name");
const wireguardKey = z.string().regex(WIREGUARD_KEY, "must be a WireGuard public key");
const isDistinct = (values: readonly unknown[]): boolean => new Set(values).size === values.length;

const schema = z.strictObject({
  agents: z.literal(true, "must be `true`, or left out").optional(),
  nodes: z.record(
    z.string(),
    z
      .strictObject({
        addresses: z
          .array(address)
          .refine((each) => isDistinct(each.map(familyOf)), "must be one of each family"),
        base_port: port,
        public_key: wireguardKey.optional(),
        renew_key: z.literal(true, "must be `true`, or left out").optional(),
        interfaces: z
          .record(z.string(), z.strictObject({ name: interfaceName, port }))
          .refine(
            (each) => isDistinct(Object.values(each).map(({ name }) => name)),
            "has an interface name twice",
          ),
        forwards: z.record(z.string(), port).optional(),
      })
      .refine(
        ({ interfaces, forwards = {} }) =>
          isDistinct([...Object.values(interfaces).map(({ port: own }) => own), ...Object.values(forwards)]),
        "has a port twice",
      ),
  ),
});

const HINT = "restore the file from your version control; without it addresses and ports are allocated anew";
const HEADER = [
  " What tofro allocated: overlay addresses, ports, interface names, public keys.",
  " Commit this file: with it nothing is ever renumbered.",
].join("\n");

/** Reads a lock; an empty text is an empty lock. */
export function parseLock(text: string, file: string): { lock: Lock; diagnostics: Diagnostic[] } {
  if (text.trim() === "") return { lock: EMPTY_LOCK, diagnostics: [] };
  const { value, diagnostics } = readStructured(text, file, schema, HINT);
  const nodes = Object.entries(value?.nodes ?? {}).map(([name, node]) => {
    const { addresses, base_port: basePort, public_key: publicKey, renew_key: renewsKey } = node;
    const interfaces = new Map(Object.entries(node.interfaces));
    const forwards = node.forwards && new Map(Object.entries(node.forwards));
    const rest = {
      ...(forwards && { forwards }),
      ...(publicKey && { publicKey }),
      ...(renewsKey && { renewsKey }),
    };
    return [name, { addresses, basePort, interfaces, ...rest }] as const;
  });
  return { lock: { nodes: new Map(nodes), ...(value?.agents && { agents: true }) }, diagnostics };
}

export function formatLock(lock: Lock): string {
  const nodes = [...lock.nodes].map(([name, node]) => [
    name,
    {
      addresses: node.addresses,
      base_port: node.basePort,
      ...(node.publicKey && { public_key: node.publicKey }),
      ...(node.renewsKey && { renew_key: true }),
      interfaces: Object.fromEntries(node.interfaces),
      ...(node.forwards && { forwards: Object.fromEntries(node.forwards) }),
    },
  ]);
  return `${comment(HEADER)}\n${stringify({ ...(lock.agents && { agents: true }), nodes: Object.fromEntries(nodes) }, { lineWidth: 0 })}`;
}

const comment = (text: string): string => text.replaceAll(/^/gm, "#");
