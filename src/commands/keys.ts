// `tofro keys`: who has which key and where it lies, and new ones. It prints public keys only.
import { Command } from "@commander-js/extra-typings";
import { keepsItsKey, type NodeSpec } from "../core/spec.ts";
import { planOf, secretsFile, type Network } from "../files/network.ts";
import { rotate } from "../files/rotate.ts";
import { columns } from "./columns.ts";
import type { Io } from "./io.ts";
import { loadNetwork, networkOptions } from "./load.ts";

const list = (io: Io) =>
  networkOptions(new Command("list"))
    .description("show each node's public key, and where its private key is")
    .option("--json", "{ nodes: [{ node, publicKey, privateKeyIn }] }")
    .action(async (options) => {
      const network = await loadNetwork(options, io);
      const { nodes } = planOf(network).lock;
      const rows = network.spec.nodes.map((node) => ({
        node: node.name,
        publicKey: nodes.get(node.name)?.publicKey,
        privateKeyIn: whereKey(network, node),
      }));
      if (options.json === true) io.stdout(`${JSON.stringify({ nodes: rows }, undefined, 2)}\n`);
      else {
        const where = {
          secrets: secretsFile(network.file),
          node: "on the node, /etc/tofro/private.key",
          nowhere: "not made yet",
        };
        io.stdout(
          columns(
            rows.map(({ node, publicKey, privateKeyIn }) => [node, publicKey ?? "-", where[privateKeyIn]]),
            "",
          ),
        );
      }
    });

function whereKey(network: Network, node: NodeSpec): "secrets" | "node" | "nowhere" {
  if (keepsItsKey(node)) return "node";
  return network.secrets.privateKeys.has(node.name) ? "secrets" : "nowhere";
}

const rotateVerb = (io: Io) =>
  networkOptions(new Command("rotate"))
    .description("make new keys for these nodes, or all; `apply` then brings them to the machines")
    .argument("[node...]")
    .option("--json", "{ rotated: [node], keptByNode: [node] }")
    .action(async (names, options) => {
      const network = await loadNetwork(options, io);
      const { rotated, kept } = await rotate(network, names);
      if (options.json === true) {
        io.stdout(`${JSON.stringify({ rotated, keptByNode: kept })}\n`);
        return;
      }
      if (rotated.length > 0) io.stdout(`new keys: ${rotated.join(", ")}\n`);
      if (kept.length > 0) {
        io.stdout(`new preshared keys only: ${kept.join(", ")}\n`);
        io.stderr(
          `${kept.join(", ")}: the private key is on the node; see docs/keys.md for how to change it there\n`,
        );
      }
      io.stderr(
        "The machines still have the old ones: run `tofro apply` (or export again) for all of them.\n",
      );
    });

export function keysCommand(io: Io) {
  const keys = new Command("keys").description("list keys, and make new ones");
  keys.addCommand(list(io));
  keys.addCommand(rotateVerb(io));
  return keys;
}
