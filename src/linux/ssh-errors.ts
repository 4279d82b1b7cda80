// What it means when ssh does not get as far as the command, and what to do about it.
import { TofroError } from "../core/error.ts";
import type { Output } from "./command.ts";

interface Destination {
  readonly name: string;
  readonly destination: string;
}

/** By what ssh says, in the words of its source (fatal() in sshconnect.c and sshconnect2.c). */
const MEANINGS: readonly (readonly [RegExp, (destination: string) => string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    (destination) =>
      `its host key is not the one in known_hosts: somebody may stand in between; if the machine was set up anew, \`ssh-keygen -R\` its name and \`ssh ${destination}\` once`,
  ],
  [
    /Host key verification failed/,
    (destination) =>
      `its host key is not known here: \`ssh ${destination}\` once, and compare what it shows with the machine's own`,
  ],
  [
    /Permission denied \(/,
    (destination) =>
      `it takes none of your keys: \`ssh -o BatchMode=yes ${destination} true\` must work (ssh-agent, ssh-copy-id, IdentityFile in ssh_config)`,
  ],
  [
    /Could not resolve hostname/,
    (destination) =>
      `there is no host "${destination}": its \`ssh:\` in the network file must be a name that \`ssh\` knows`,
  ],
];

/** ssh ended before the command, or the connection did. */
export function noLogin(to: Destination, { code, stdout, stderr }: Output, isNotRoot: boolean): TofroError {
  const cannot = (why: string): TofroError => new TofroError(`Cannot reach ${to.name} by ssh: ${why}`);
  if (isNotRoot) {
    const user = stderr.trim().split("\n").at(-1);
    const why = `its user ${user} is not root and \`sudo -n\` does not make it root: let sudo ask for no password, or write \`ssh: root@...\``;
    return new TofroError(`Cannot use ${to.name}: ${why}`, { kind: "machine" });
  }
  const meaning = code === 255 ? MEANINGS.find(([pattern]) => pattern.test(stderr)) : undefined;
  if (meaning !== undefined) return cannot(meaning[1](to.destination));
  const said = stderr.trim().split("\n").at(-1) || stdout.trim().split("\n").at(-1) || `exit code ${code}`;
  // A login shell such as nologin says why on stdout.
  return cannot(code === 255 ? said : `its login shell does not run commands: ${said}`);
}

/** Words the error of a machine without ssh; any other stays what it is. */
export function hasNoSsh(error: unknown): never {
  if (!(error instanceof TofroError && error.cause instanceof Error && "code" in error.cause)) throw error;
  if (error.cause.code !== "ENOENT") throw error;
  const message = "Cannot reach other machines: there is no `ssh` here (Debian: openssh-client)";
  throw new TofroError(message, { kind: "machine" }, error);
}
