// A network on disk: x.yaml, and beside it x.lock and x.secrets.
import { TofroError, hasErrors, start, type Diagnostic } from "../core/error.ts";
import { formatLock, parseLock } from "../core/lock-text.ts";
import type { Lock, LockedNode } from "../core/lock.ts";
import { parse } from "../core/parse.ts";
import { compile, type Plan } from "../core/plan.ts";
import type { Secrets } from "../core/secrets.ts";
import { keepsItsKey, type NodeSpec, type Spec } from "../core/spec.ts";
import { readIfThere, writeAtomic } from "./atomic.ts";
import { generatePresharedKey, generatePrivateKey, publicKeyOf } from "./keys.ts";
import { readVault, secretsIn, unsealed, writeVault, type OpenVault, type Vault } from "./secrets.ts";
import type { Unlock } from "./vault.ts";

export interface Network {
  readonly file: string;
  readonly spec: Spec;
  readonly lock: Lock;
  readonly vault: Vault;
  /** Warnings only: errors are thrown. */
  readonly warnings: readonly Diagnostic[];
}

/** One whose secrets are known. */
export interface OpenNetwork extends Network {
  readonly vault: OpenVault;
  /** All that the file holds: also keys of nodes that keep theirs to themselves now, or are not there any more. */
  readonly secrets: Secrets;
}

const beside = (file: string, extension: string): string => file.replace(/(?:\.ya?ml)?$/, extension);
export const lockFile = (file: string): string => beside(file, ".lock");
export const secretsFile = (file: string): string => beside(file, ".secrets");

/** Reads a network; throws a TofroError of kind `input` with everything that is wrong in the three files. */
export async function readNetwork(file: string): Promise<Network> {
  const text = await readIfThere(file);
  if (text === undefined) {
    const hint = "name it with -f FILE, or write a first one with `tofro init`";
    throw new TofroError(`There is no network file ${file}.\n  hint: ${hint}`, { kind: "usage" });
  }
  const { spec, diagnostics } = parse(text, file);
  const { lock, diagnostics: inLock } = parseLock((await readIfThere(lockFile(file))) ?? "", lockFile(file));
  const { vault, diagnostics: inSecrets } = await readVault(secretsFile(file));
  const secrets = secretsIn(vault);
  const atOdds = spec === undefined ? [] : keysAtOdds(spec, lock, secrets, file);
  const all = [...diagnostics, ...inLock, ...inSecrets, ...atOdds];
  if (spec === undefined || hasErrors(all)) {
    throw new TofroError(`${file} cannot be used`, { kind: "input", diagnostics: all });
  }
  return { file, spec, lock: withPublicKeys(lock, spec, secrets), vault, warnings: all };
}

/** With its secrets, for what needs them: encrypted ones are decrypted. Throws as `readNetwork` does. */
export async function openNetwork(network: Network, unlock?: Unlock): Promise<OpenNetwork> {
  const { file, spec, lock } = network;
  const { vault, diagnostics } = await unsealed(network.vault, secretsFile(file), unlock);
  const { secrets } = vault;
  const all = [...diagnostics, ...keysAtOdds(spec, lock, secrets, file)];
  if (hasErrors(all)) throw new TofroError(`${file} cannot be used`, { kind: "input", diagnostics: all });
  return { ...network, lock: withPublicKeys(lock, spec, secrets), vault, secrets };
}

/** The secrets that the plan uses: no private key of a node that keeps its own. */
export const secretsInUse = ({ spec, secrets }: OpenNetwork): Secrets => ({
  ...secrets,
  privateKeys: new Map([...secrets.privateKeys].filter(([name]) => !spec.nodes.some(keepsIt(name)))),
});

const keepsIt =
  (name: string) =>
  (node: NodeSpec): boolean =>
    node.name === name && keepsItsKey(node);

/** A private key that is not the one the lock knows, or that two nodes have. */
function keysAtOdds(spec: Spec, lock: Lock, secrets: Secrets, file: string): Diagnostic[] {
  const owners = new Map<string, string>();
  const at = start(secretsFile(file));
  return spec.nodes.flatMap((node): Diagnostic[] => {
    const privateKey = secrets.privateKeys.get(node.name);
    if (privateKey === undefined || keepsItsKey(node)) return [];
    const found: Diagnostic[] = [];
    const publicKey = publicKeyOf(privateKey);
    const known = lock.nodes.get(node.name)?.publicKey;
    if (known !== undefined && known !== publicKey) {
      const message = `the private key of ${node.name} is not the one that ${lockFile(file)} knows`;
      const hint = `restore the right file, or remove ${node.name}'s public_key from ${lockFile(file)} if the key was changed on purpose`;
      found.push({ code: "key-changed", severity: "error", at, message, hint });
    }
    const owner = owners.get(publicKey);
    if (owner !== undefined) {
      const message = `${owner} and ${node.name} have the same private key`;
      found.push({
        code: "duplicate-key",
        severity: "error",
        at,
        message,
        hint: `remove ${node.name}'s, and a new one is made`,
      });
    }
    owners.set(publicKey, node.name);
    return found;
  });
}

/** The plan of a network as it stands; keys that were not made yet are placeholders. */
export const planOf = (network: Network): Plan => compile(network.spec, network.lock);

/** Makes the keys that are missing, then writes secrets and lock, the secrets first. Repeated, it changes nothing. */
export const settle = async (network: Network, unlock?: Unlock): Promise<Settled> =>
  settleOpen(await openNetwork(network, unlock));

export interface Settled {
  readonly network: OpenNetwork;
  readonly plan: Plan;
}

/** The same with secrets that may differ from those on disk. */
export async function settleOpen(network: OpenNetwork): Promise<Settled> {
  const draft = planOf(network);
  // Keys of nodes and tunnels that are not in the file now are kept: they may come back.
  const privateKeys = new Map(network.secrets.privateKeys);
  for (const node of network.spec.nodes) {
    if (keepsItsKey(node)) continue;
    privateKeys.set(node.name, network.secrets.privateKeys.get(node.name) ?? newKey(network, node.name));
  }
  const presharedKeys = new Map(network.secrets.presharedKeys);
  for (const { id } of draft.topology.tunnels) {
    if (!presharedKeys.has(id)) presharedKeys.set(id, generatePresharedKey());
  }
  const secrets = { privateKeys, presharedKeys };
  const plan = compile(network.spec, withPublicKeys(draft.lock, network.spec, secrets));
  const vault = await writeVault(secretsFile(network.file), network.vault, secrets);
  await writeLock(network.file, plan.lock);
  return { network: { ...network, lock: plan.lock, vault, secrets }, plan };
}

/** A key is lost when the lock knows its public half: making another would cut the node off without a word. */
function newKey(network: Network, node: string): string {
  if (network.lock.nodes.get(node)?.publicKey === undefined) return generatePrivateKey();
  const [secrets, lock] = [secretsFile(network.file), lockFile(network.file)];
  const hint = `restore ${secrets}, or remove ${node}'s public_key from ${lock} to give the node a new key`;
  throw new TofroError(
    `${lock} knows a public key of ${node}, but ${secrets} has no private key for it.\n  hint: ${hint}`,
    {
      kind: "usage",
    },
  );
}

function withPublicKeys(lock: Lock, spec: Spec, secrets: Secrets): Lock {
  const nodes = new Map(lock.nodes);
  for (const node of spec.nodes) {
    const { name, publicKey, endpoint } = node;
    const privateKey = keepsItsKey(node) ? undefined : secrets.privateKeys.get(name);
    const known = publicKey?.value ?? (privateKey === undefined ? undefined : publicKeyOf(privateKey));
    if (known === undefined) continue;
    const fresh = { addresses: [], basePort: endpoint?.port ?? 0, interfaces: new Map() };
    nodes.set(name, { ...(nodes.get(name) ?? fresh), publicKey: known });
  }
  return { ...lock, nodes };
}

/** The plan with what nodes said of the keys that they keep to themselves; undefined: one is yet to be made. */
export const planWith = (network: Network, told: ReadonlyMap<string, string | undefined>): Plan =>
  compile(network.spec, withTold(planOf(network).lock, told));

function withTold(lock: Lock, told: ReadonlyMap<string, string | undefined>): Lock {
  const nodes = Array.from(lock.nodes, ([name, locked]): [string, LockedNode] => {
    if (!told.has(name)) return [name, locked];
    const { publicKey: _publicKey, renewsKey: _renewsKey, ...rest } = locked;
    const publicKey = told.get(name);
    return [name, publicKey === undefined ? rest : { ...rest, publicKey }];
  });
  return { ...lock, nodes: new Map(nodes) };
}

/** Writes the lock if it is not there already. */
export async function writeLock(file: string, lock: Lock): Promise<void> {
  const [path, text] = [lockFile(file), formatLock(lock)];
  if ((await readIfThere(path)) !== text) await writeAtomic(path, text, 0o644);
}
