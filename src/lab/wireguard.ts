// Makes a WireGuard interface on a host: the kernel's, or wireguard-go's in the foreground inside the host.
import type { Host } from "../linux/command.ts";

export type WireguardKind = "kernel" | "userspace";

// In a lab host the process becomes a child of the host's init and dies with it; its socket lies in the private
// /run/wireguard. wireguard-go makes the interface first and its socket last, so the socket is what to wait for.
const USERSPACE = `mkdir -p /run/wireguard /run/tofro
log=/run/tofro/$1.log
wireguard-go -f "$1" </dev/null >"$log" 2>&1 &
pid=$!
for try in $(seq 1000); do
  [ ! -S "/run/wireguard/$1.sock" ] || exit 0
  kill -0 $pid 2>/dev/null || break
  sleep 0.01
done
cat "$log" >&2
exit 1`;

/** Makes the interface, down and without a key. `wg-quick up` makes its own and needs none of this. */
export async function addWireguard(host: Host, name: string, kind: WireguardKind): Promise<void> {
  if (kind === "kernel") await host.run(["ip", "link", "add", name, "type", "wireguard"]);
  else
    await host.run(["sh", "-c", USERSPACE, "sh", name], { timeoutMs: 30_000, env: { LOG_LEVEL: "error" } });
}
