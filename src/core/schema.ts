// The shape of the network file for zod, with the words that an editor shows while one types.
import { z } from "zod";
import { DEFAULT_MTU, DEFAULT_PORT, PLATFORMS } from "./spec.ts";

// An `error` completes the sentence "`key` must be …". Scalars arrive as written, so numbers are texts here;
// `meta` says to editors what they really are, and read.ts reads them.
const NAME = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$";
/** `peer`, `forwarder` or `peer/uplink`. */
const INTERFACE_KEY = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(/[A-Za-z0-9_][A-Za-z0-9_-]{0,62})?$";
const text = (what: string, description: string) => z.string({ error: what }).describe(description);
const whole = (minimum: number, maximum: number, description: string) =>
  z.string({ error: "a whole number" }).meta({ type: "integer", minimum, maximum, description });
/** Alone or in a list. */
const oneOrMore = (what: string, description: string) =>
  z
    .union([z.string(), z.array(z.string({ error: what }))], {
      error: `${what} or a list of them`,
    })
    .describe(description);
const name = z.string().meta({ pattern: NAME });
const record = <Value extends z.ZodType>(value: Value, what: string) =>
  z.record(name, value, { error: what });

const flag = (description: string) =>
  z
    .enum(["true", "false"], { error: "`true` or `false`" })
    .meta({ type: "boolean", enum: [true, false], description });

const mtu = (whose: string) =>
  whole(
    576,
    65455,
    `Tunnel MTU in bytes of ${whose}; ${DEFAULT_MTU} when left out. With IPv6 at least 1280.`,
  );

export const interfaceSchema = z.strictObject(
  {
    name: text("an interface name", "Interface name, at most 15 characters.").optional(),
    port: whole(1, 65535, "WireGuard listen port of this tunnel.").optional(),
  },
  { error: "an interface name or `{ name, port }`" },
);

export const uplinkSchema = z
  .strictObject(
    {
      endpoint: text(
        "a host",
        "Where others dial the node there: an address or a host name, without a port. Leave it out where it only dials out.",
      ).optional(),
      table: whole(
        1,
        9999,
        "The machine's routing table that leads out there. Leave it out where its own routes do, by the address.",
      ).optional(),
      mtu: mtu("the tunnels over it").optional(),
    },
    { error: "a map with `endpoint` or `table`" },
  )
  .describe("A way of the node to and from the internet that paths can name.");

const duration = (description: string) =>
  text("a time, such as 50ms, 3s or 1h", `${description} A number with us, ms, s, m or h.`).optional();

export const carriesSchema = z
  .strictObject(
    {
      only: oneOrMore(
        "a direction, such as `a -> c`",
        "The only directions that agents lead over this node, such as `a -> c` or `all -> c`.",
      ).optional(),
      rate: text(
        "a rate, such as 100mbit",
        "The most that chosen paths may bring over this node for long, in kbit, mbit or gbit a second.",
      ).optional(),
      month: text(
        "an amount, such as 500GB",
        "The most that chosen paths may bring over this node in a calendar month, in MB, GB or TB.",
      ).optional(),
    },
    { error: "a map with `only`, `rate` or `month`" },
  )
  .describe("What agents let this node carry for others.");

export const chooseSchema = z
  .strictObject(
    {
      gain: duration("Least gain for which a measured direction moves (2ms)."),
      sustain: duration("How long the gain must have lasted (3s)."),
      dwell: duration("How long a direction stays after it has moved (30s)."),
      loss_weight: duration("What losing every packet would cost; 1 % of loss costs a hundredth of it (1s)."),
    },
    { error: "a map of times" },
  )
  .describe("When agents take a better path.");

export const failoverSchema = z
  .strictObject(
    {
      interval: duration("Between two test packets of a link (50ms)."),
      hold: duration("How long a link must have been good before it is used again (10s)."),
    },
    { error: "a map of times" },
  )
  .describe("How fast agents leave a dead link, and when they come back to it.");

export const nodeSchema = z
  .strictObject(
    {
      address: oneOrMore(
        "an IP address",
        "The node's overlay address, or one for each family; allocated when left out.",
      ).optional(),
      endpoint: text(
        "a host",
        `Where others dial this node: \`host\` or \`host:port\`, the first port of its tunnels (${DEFAULT_PORT}). Leave it out behind NAT.`,
      ).optional(),
      uplinks: record(uplinkSchema, "a map from name to uplink")
        .describe("Other ways to and from the internet than the machine's own default route, by name.")
        .optional(),
      prefixes: oneOrMore("a prefix", "Subnets behind the node that the overlay reaches.").optional(),
      exit: flag("True: other nodes' traffic for the internet may leave here (`exit_via`).").optional(),
      exit_via: text(
        "a node",
        "The node where this node's traffic for the internet leaves, by the paths between the two.",
      ).optional(),
      except: oneOrMore(
        "a prefix",
        "With `exit_via`: prefixes that stay on this node's own uplink.",
      ).optional(),
      kill_switch: flag(
        "With `exit_via`: nothing leaves by the uplink but the tunnels' own packets and `except`.",
      ).optional(),
      dns: oneOrMore(
        "an IP address",
        "With `exit_via`: the resolvers, reached through the exit, that alone are asked for names.",
      ).optional(),
      ssh: text(
        "a destination for ssh",
        "Where `apply` reaches the machine by ssh: `host`, `user@host` or a name from ssh_config.",
      ).optional(),
      platform: z
        .enum(PLATFORMS, { error: `one of ${PLATFORMS.join(", ")}` })
        .describe(
          "What sets the machine up, by the files of `tofro export` of that name; apply leaves it alone.",
        )
        .optional(),
      mtu: mtu("this node's tunnels").optional(),
      public_key: text(
        "a WireGuard public key, or `node`",
        "WireGuard public key, when the private key stays on the node alone; `node`: apply makes the key there.",
      ).optional(),
      carries: carriesSchema.optional(),
      interfaces: z
        .record(
          z.string().meta({ pattern: INTERFACE_KEY }),
          z.union([z.string(), interfaceSchema], { error: "an interface name or `{ name, port }`" }),
          { error: "a map from peer or forwarder to its interface" },
        )
        .describe("Interface names and ports that you want fixed, by peer node, forwarder, or `peer/uplink`.")
        .optional(),
    },
    { error: "a map of a node's settings, or empty" },
  )
  .describe("A machine in the overlay.");

export const forwarderSchema = z
  .strictObject(
    {
      listen: text(
        "host:port",
        "Where the forwarder listens: the `host:port` that the provider sold you.",
      ).optional(),
      on: text(
        "a node",
        "Instead of `listen`: the node that forwards, which has an `endpoint` and is neither end of the tunnel.",
      ).optional(),
      port: whole(
        1,
        65535,
        "With `on`: the UDP port of that node that is forwarded; allocated when left out.",
      ).optional(),
      to: text(
        "a node, or node:port",
        "The node it forwards to; `node:port` fixes the WireGuard port behind it.",
      ),
    },
    { error: "a map with `to`, and `listen` or `on`" },
  )
  .describe("A UDP port forward that holds no keys.");

export const pathSchema = z.strictObject(
  {
    path: text(
      "a path line",
      "A path line, such as `a -> b -> c`, `a -[forwarder or uplink]-> c`, `a <-> c`, `a => c` or `all <=> all`.",
    ),
    avoid: oneOrMore(
      "a node, forwarder or uplink",
      "Nodes, forwarders and uplinks that a measured path never uses.",
    ).optional(),
    via: oneOrMore(
      "a node or forwarder",
      "The only nodes and forwarders that a measured path may use in between.",
    ).optional(),
    max_hops: whole(1, 64, "Most hops of a measured path.").optional(),
    backup: text(
      "`none` or a pinned path line",
      "What the path falls back to when it dies: `none`, or a pinned line. Any living path when left out.",
    ).optional(),
  },
  { error: "a path line, or a map with `path` and its options" },
);

export const fileSchema = z
  .strictObject(
    {
      overlay: oneOrMore(
        "a prefix",
        "The overlay's prefix, or several, IPv4 and IPv6; addresses are allocated from them.",
      ),
      isolate: flag("True: pairs that no path names do not reach each other.").optional(),
      mtu: mtu("all tunnels").optional(),
      controller: text(
        "a node, or `none`",
        "The node whose agent chooses for all; the first with an endpoint when left out. `none`: agents fail over, and nobody chooses.",
      ).optional(),
      choose: chooseSchema.optional(),
      failover: failoverSchema.optional(),
      metrics: whole(
        1,
        65535,
        "TCP port on which each agent serves metrics for Prometheus, on the loopback and its overlay address; none when left out.",
      ).optional(),
      nodes: record(nodeSchema.nullable(), "a map from name to node").describe("The machines, by name."),
      forwarders: record(forwarderSchema, "a map from name to forwarder")
        .nullable()
        .describe("UDP port forwards, by name.")
        .optional(),
      paths: z
        .array(
          z.union([z.string(), pathSchema], { error: "a path line, or a map with `path` and its options" }),
          { error: "a list of path lines" },
        )
        .nullable()
        .describe("Which way traffic takes, one line for each direction; `<->` and `<=>` say both.")
        .optional(),
    },
    { error: "a map with `overlay`, `nodes` and `paths`" },
  )
  .describe("A network of tofro.");

/** The JSON Schema (2020-12) of a network file, for completion in editors. */
export const jsonSchema = (): Record<string, unknown> => ({
  ...z.toJSONSchema(fileSchema, { io: "input" }),
  title: "tofro network",
});
