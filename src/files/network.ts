// A network on disk: x.yaml, and beside it x.lock and x.secrets.
import { TofroError, hasErrors, start, type Diagnostic } from "../core/error.ts";
import { formatLock, parseLock } from "../core/lock-text.ts";
import type { Lock } from "../core/lock.ts";
import { parse } from "../core/parse.ts";
import { compile, type Plan } from "../core/plan.ts";
import { formatSecrets, parseSecrets } from "../core/secrets-text.ts";
import type { Secrets } from "../core/secrets.ts";
import { keepsItsKey, type Spec } from "../core/spec.ts";
import { modeOf, readIfThere, writeAtomic } from "./atomic.ts";
import { generatePresharedKey, generatePrivateKey, publicKeyOf } from "./keys.ts";

export interface Network {
  readonly file: string;
  readonly spec: Spec;
  readonly lock: Lock;
  readonly secrets: Secrets;
  /** Warnings only: errors are thrown. */
  readonly warnings: readonly Diagnostic[];
}

const beside = (file: string, extension: string): string => file.replace(/(?:\.ya?ml)?$/, extension);
const lockFile = (file: string): string => beside(file, ".lock");
export const secretsFile = (file: string): string => beside(file, ".secrets");

/** Reads a network; throws a TofroError of kind `input` with everything that is wrong in the three files. */
export async function readNetwork(file: string): Promise<Network> {
  const text = await readIfThere(file);
  if (text === undefined) {
    const hint = "name it with -f FILE, or begin with a copy of examples/three-nodes/tofro.yaml";
    throw new TofroError(`There is no network file ${file}.\n  hint: ${hint}`, { kind: "usage" });
  }
  const { spec, diagnostics } = parse(text, file);
  const { lock, diagnostics: inLock } = parseLock((await readIfThere(lockFile(file))) ?? "", lockFile(file));
  const { secrets, diagnostics: inSecrets } = await readSecrets(secretsFile(file));
  const atOdds = spec === undefined ? [] : keysAtOdds(spec, lock, secrets, file);
  const all = [...diagnostics, ...inLock, ...inSecrets, ...atOdds];
  if (spec === undefined || hasErrors(all)) {
    throw new TofroError(`${file} cannot be used`, { kind: "input", diagnostics: all });
  }
  return { file, spec, lock: withPublicKeys(lock, spec, secrets), secrets, warnings: all };
}

async function readSecrets(file: string): Promise<{ secrets: Secrets; diagnostics: Diagnostic[] }> {
  const { secrets, diagnostics } = parseSecrets((await readIfThere(file)) ?? "", file);
  const mode = await modeOf(file);
  if (mode === undefined || (mode & 0o077) === 0) return { secrets, diagnostics };
  const message = `others may read the private keys (mode 0${mode.toString(8)})`;
  const readable: Diagnostic = {
    code: "secrets-readable",
    severity: "error",
    at: start(file),
    message,
    hint: `chmod 600 ${file}`,
  };
  return { secrets, diagnostics: [...diagnostics, readable] };
}

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
export async function settle(network: Network): Promise<{ network: Network; plan: Plan }> {
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
  await writeIfChanged(secretsFile(network.file), formatSecrets(secrets), 0o600);
  await writeIfChanged(lockFile(network.file), formatLock(plan.lock), 0o644);
  return { network: { ...network, lock: plan.lock, secrets }, plan };
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
  return { nodes };
}

async function writeIfChanged(path: string, text: string, mode: number): Promise<void> {
  if ((await readIfThere(path)) !== text) await writeAtomic(path, text, mode);
}
