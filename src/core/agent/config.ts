// The agent's configuration, `/etc/tofro/agent.json`: the network as values, so that the whole compiler runs where no YAML is.
import { z } from "zod";
import { TofroError, start, type Position } from "../error.ts";
import type { Lock } from "../lock.ts";
import type { Spec } from "../spec.ts";
import { address, prefix } from "../value-schemas.ts";

export interface AgentConfig {
  /** The node that this machine is. */
  readonly node: string;
  readonly spec: Spec;
  readonly lock: Lock;
  /** How this machine makes WireGuard interfaces; absent: as it can. */
  readonly wireguard?: "kernel" | "userspace";
}

/** Counted up when an older agent would misread the file. */
const VERSION = 1;
export const CONFIG_NAME = "agent.json";

/** Places in the user's file mean nothing here, nor does where the operator keeps it or logs in. */
const NOT_TOLD = new Set(["at", "file", "ssh"]);

/** The same network gives the same text, in whatever order its values were made. */
export function formatConfig({ node, spec, lock, wireguard }: AgentConfig): string {
  const value = {
    version: VERSION,
    node,
    ...(wireguard && { wireguard }),
    spec,
    lock: { nodes: lock.nodes },
  };
  const text = JSON.stringify(value, (key, each: unknown) => {
    if (NOT_TOLD.has(key)) return undefined;
    if (each instanceof Map) return Array.from(each, ([name, held]) => ({ key: String(name), value: held }));
    return isObject(each) ? Object.fromEntries(Object.entries(each).sort(byName)) : each;
  });
  return `${text}\n`;
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const byName = ([x]: [string, unknown], [y]: [string, unknown]): number => (x < y ? -1 : 1);

/** Throws "input" when the text is not exactly what `formatConfig` writes. */
export function parseConfig(text: string): AgentConfig {
  const at = start(CONFIG_NAME);
  const wrong = (message: string): TofroError => {
    const hint = "run `tofro apply --agent` again, which writes it";
    return new TofroError(`Cannot use ${CONFIG_NAME}: ${message}`, {
      kind: "input",
      diagnostics: [{ code: "agent-config", severity: "error", at, message, hint }],
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong("it is not JSON, or is cut off");
  }
  const result = configSchema(at).safeParse(value);
  if (result.success) {
    const { version: _version, ...config } = result.data;
    return config;
  }
  const [issue] = result.error.issues;
  throw wrong(`${issue?.path.join(".") || "the whole"}: ${issue?.message}`);
}

const mapOf = <Value>(value: z.ZodType<Value>) =>
  z
    .array(z.strictObject({ key: z.string(), value }))
    .transform((entries) => new Map(entries.map((each) => [each.key, each.value])));

const lockSchema = z.strictObject({
  nodes: mapOf(
    z.strictObject({
      addresses: z.array(address),
      basePort: z.number(),
      publicKey: z.string().exactOptional(),
      renewsKey: z.literal(true).exactOptional(),
      interfaces: mapOf(z.strictObject({ name: z.string(), port: z.number() })),
      forwards: mapOf(z.number()).exactOptional(),
    }),
  ),
});

function configSchema(at: Position) {
  const located = <Value extends z.ZodType>(value: Value) =>
    z.strictObject({ value }).transform((each) => ({ ...each, at }));
  const placed = <Shape extends z.ZodRawShape>(shape: Shape) =>
    z.strictObject(shape).transform((each) => ({ ...each, at }));
  const endpoint = placed({ host: z.string(), port: z.number() });
  const node = placed({
    name: z.string(),
    addresses: z.array(located(address)),
    endpoint: endpoint.exactOptional(),
    uplinks: z
      .array(
        placed({
          name: z.string(),
          endpoint: located(z.string()).exactOptional(),
          table: located(z.number()).exactOptional(),
          mtu: located(z.number()).exactOptional(),
        }),
      )
      .exactOptional(),
    prefixes: z.array(located(prefix)),
    isExit: z.literal(true).exactOptional(),
    leaves: z
      .strictObject({
        via: located(z.string()),
        except: z.array(located(prefix)),
        killSwitch: z.boolean(),
        dns: z.array(located(address)),
      })
      .exactOptional(),
    mtu: z.number().exactOptional(),
    publicKey: located(z.string()).exactOptional(),
    makesItsKey: z.literal(true).exactOptional(),
    carries: z
      .strictObject({
        only: z.array(placed({ from: z.string(), to: z.string() })).exactOptional(),
        rateBps: z.number().exactOptional(),
        monthBytes: z.number().exactOptional(),
      })
      .exactOptional(),
    interfaces: z.array(
      placed({
        towards: z.string(),
        name: located(z.string()).exactOptional(),
        port: located(z.number()).exactOptional(),
      }),
    ),
  });
  const forwards = {
    name: z.string(),
    to: located(z.string()),
    toPort: located(z.number()).exactOptional(),
  };
  const forwarder = z.union([
    placed({ ...forwards, listen: endpoint }),
    placed({ ...forwards, on: located(z.string()), port: located(z.number()).exactOptional() }),
  ]);
  const hops = z.array(
    z.strictObject({
      to: z.string(),
      forwarder: z.string().exactOptional(),
      uplink: z.string().exactOptional(),
    }),
  );
  const backup = z.union([
    z.strictObject({ kind: z.enum(["any", "none"]) }),
    placed({ kind: z.literal("path"), from: z.string(), hops }),
  ]);
  const line = { text: z.string(), from: z.string(), to: z.string(), backup };
  const measured = placed({
    ...line,
    kind: z.literal("measured"),
    avoid: z.array(z.string()),
    via: z.array(z.string()).exactOptional(),
    maxHops: z.number().exactOptional(),
  });
  const spec = z
    .strictObject({
      overlays: z.array(located(prefix)),
      isolate: z.boolean(),
      mtu: z.number().exactOptional(),
      controller: located(z.string()).exactOptional(),
      choose: z.strictObject({
        gainMs: z.number(),
        sustainMs: z.number(),
        dwellMs: z.number(),
        lossWeightMs: z.number(),
      }),
      failover: z.strictObject({ intervalMs: z.number(), holdMs: z.number() }),
      metrics: z.number().exactOptional(),
      nodes: z.array(node),
      forwarders: z.array(forwarder),
      paths: z.array(z.union([placed({ ...line, kind: z.literal("pinned"), hops }), measured])),
    })
    .transform((each): Spec => ({ ...each, file: at.file }));
  return z.strictObject({
    version: z.literal(VERSION),
    node: z.string(),
    wireguard: z.enum(["kernel", "userspace"]).exactOptional(),
    spec,
    lock: lockSchema,
  });
}
