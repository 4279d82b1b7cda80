// Whether this machine can run a lab, and with which means: kernel WireGuard or wireguard-go, netem or wirefilter.
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { TofroError } from "../core/error.ts";
import { environment, run } from "../linux/command.ts";
import type { ImpairKind } from "./impair.ts";
import type { WireguardKind } from "./wireguard.ts";

export interface Means {
  readonly wireguard: WireguardKind;
  readonly impair: ImpairKind;
}

/** Debian packages of what a lab calls. */
const PACKAGES: Readonly<Record<string, string>> = {
  ip: "iproute2",
  tc: "iproute2",
  nft: "nftables",
  nsenter: "util-linux",
  unshare: "util-linux",
  mount: "mount",
  wg: "wireguard-tools",
  "wireguard-go": "wireguard-go",
  wirefilter: "vde-wirefilter",
};

// In namespaces of its own, so that nothing is left whatever happens; the output says what worked.
const PROBE = `ip link add probe type wireguard && echo wireguard
ip link add name probe0 type veth peer name probe1 && tc qdisc add dev probe0 root netem delay 1ms && echo netem
exit 0`;

/** Throws TofroError "machine", one line for everything that is missing. `wanted` is what the user asked for. */
export async function probe(wanted: Partial<Means>, needs: { wireguard: boolean }): Promise<Means> {
  if (process.platform !== "linux") throw cannot("a lab needs Linux; a virtual machine will do");
  if (process.getuid?.() !== 0) throw cannot("a lab needs root: run it with sudo");
  const first = missing(["ip", "tc", "nft", "nsenter", "unshare", "mount"]);
  if (first.length > 0) throw install(first);
  const has = await kernelHas();
  const means: Means = {
    wireguard: wanted.wireguard ?? (has.includes("wireguard") ? "kernel" : "userspace"),
    impair: wanted.impair ?? (has.includes("netem") ? "netem" : "wirefilter"),
  };
  if (needs.wireguard && means.wireguard === "kernel" && !has.includes("wireguard")) {
    throw cannot("this kernel has no WireGuard; use `--wireguard userspace`");
  }
  if (means.impair === "netem" && !has.includes("netem")) {
    throw cannot("this kernel has no netem; use `--impair wirefilter`");
  }
  const userspace = needs.wireguard && means.wireguard === "userspace";
  const then = missing([
    ...(needs.wireguard ? ["wg"] : []),
    ...(userspace ? ["wireguard-go"] : []),
    ...(means.impair === "wirefilter" ? ["wirefilter"] : []),
  ]);
  if (then.length > 0) throw install(then);
  if ((userspace || means.impair === "wirefilter") && !existsSync("/dev/net/tun")) {
    throw cannot("there is no /dev/net/tun: `modprobe tun`, or give it to this container");
  }
  return means;
}

async function kernelHas(): Promise<string[]> {
  const argv = "unshare --fork --pid --kill-child --mount --net --uts --mount-proc sh -c".split(" ");
  try {
    const { stdout } = await run([...argv, PROBE], { timeoutMs: 20_000 });
    return stdout.split("\n");
  } catch (cause) {
    const why =
      cause instanceof TofroError && cause.detail.kind === "command" ? cause.detail.stderr.trim() : "";
    throw cannot(`it may not make namespaces: ${why || "unshare fails"}`, cause);
  }
}

function missing(commands: readonly string[]): string[] {
  const folders = (environment()["PATH"] ?? "").split(delimiter);
  return commands.filter((command) => !folders.some((folder) => isExecutable(join(folder, command))));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function install(commands: readonly string[]): TofroError {
  const packages = [...new Set(commands.map((command) => PACKAGES[command] ?? command))].join(" ");
  const verb = commands.length === 1 ? "is" : "are";
  return cannot(
    `${commands.join(", ")} ${verb} not installed: \`apt-get install --no-install-recommends ${packages}\``,
  );
}

const cannot = (why: string, cause?: unknown): TofroError =>
  new TofroError(`Cannot run a lab on this machine: ${why}`, { kind: "machine" }, cause);
