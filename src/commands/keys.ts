// `tofro keys`: who has which key and where it lies, and new ones. It prints public keys only.
import { Command } from "@commander-js/extra-typings";
import { keepsItsKey, type NodeSpec } from "../core/spec.ts";
import { openNetwork, planOf, secretsFile, type Network } from "../files/network.ts";
import { rotate } from "../files/rotate.ts";
import { columns } from "./columns.ts";
import type { Io } from "./io.ts";
import { decryptCommand, encryptCommand } from "./keys-encrypt.ts";
import { loadNetwork, networkOptions } from "./load.ts";
import { unlock } from "./unlock.ts";

const list = (io: Io) =>
  networkOptions(new Command("list"))
    .description("show each node's public key, and where its private key is")
    .option("--json", "{ nodes: [{ node, publicKey, privateKeyIn, renews }], encrypted }")
    .action(async (options) => {
      const network = await loadNetwork(options, io);
      const { nodes } = planOf(network).lock;
      const encrypted = network.vault.kind === "sealed";
      const rows = network.spec.nodes.map((node) => {
        const { publicKey, renewsKey } = nodes.get(node.name)!;
        return {
          node: node.name,
          publicKey,
          privateKeyIn: whereKey(network, node, publicKey),
          ...(renewsKey && { renews: true }),
        };
      });
      if (options.json === true) {
        io.stdout(`${JSON.stringify({ nodes: rows, encrypted }, undefined, 2)}\n`);
        return;
      }
      const where = {
        secrets: `${secretsFile(network.file)}${encrypted ? " (encrypted)" : ""}`,
        node: "on the node, /etc/tofro/private.key",
        nowhere: "not made yet",
      };
      const lines = rows.map(({ node, publicKey, privateKeyIn, renews }) => [
        node,
        publicKey ?? "-",
        `${where[privateKeyIn]}${renews ? "; the next apply makes a new one" : ""}`,
      ]);
      io.stdout(columns(lines, ""));
    });

/** Where the private half of a node's key is; without opening secrets, those are believed to hold what the lock knows. */
function whereKey(
  { vault }: Network,
  node: NodeSpec,
  publicKey: string | undefined,
): "secrets" | "node" | "nowhere" {
  if (keepsItsKey(node)) return publicKey === undefined ? "nowhere" : "node";
  const isThere = vault.kind === "open" ? vault.secrets.privateKeys.has(node.name) : publicKey !== undefined;
  return isThere ? "secrets" : "nowhere";
}

const rotateVerb = (io: Io) =>
  networkOptions(new Command("rotate"))
    .description("make new keys for these nodes, or all; `apply` then brings them to the machines")
    .argument("[node...]")
    .option("--json", "{ rotated: [node], renewedByApply: [node], keptByNode: [node] }")
    .action(async (names, options) => {
      const network = await openNetwork(await loadNetwork(options, io), unlock);
      const { rotated, renewing, kept } = await rotate(network, names);
      if (options.json === true) {
        io.stdout(`${JSON.stringify({ rotated, renewedByApply: renewing, keptByNode: kept })}\n`);
        return;
      }
      if (rotated.length > 0) io.stdout(`new keys: ${rotated.join(", ")}\n`);
      if (renewing.length > 0) io.stdout(`new keys made there by the next apply: ${renewing.join(", ")}\n`);
      if (kept.length > 0) {
        io.stdout(`new preshared keys only: ${kept.join(", ")}\n`);
        io.stderr(
          `${kept.join(", ")}: for a new key put it on the node, and its public half into ${network.file} (docs/keys.md)\n`,
        );
      }
      io.stderr(
        "The machines still have the old ones: run `tofro apply` (or export again) for all of them.\n",
      );
    });

export function keysCommand(io: Io) {
  const keys = new Command("keys").description("list keys, make new ones, encrypt the file that holds them");
  for (const verb of [list, rotateVerb, encryptCommand, decryptCommand]) keys.addCommand(verb(io));
  return keys;
}
