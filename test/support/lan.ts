// Hosts beyond a lab's machines, each a network of its own on a wire: in a LAN behind a node, or out in the internet.
import type { Host } from "../../src/linux/command.ts";
import { PATIENCE } from "./patience.ts";

export interface Wire {
  /** Of the host, and of its wire: at most eight characters. */
  readonly name: string;
  /** The machine's own addresses on the wire, with lengths; the host's default route goes there. */
  readonly gateways: readonly string[];
  /** The host's own, in the same order. */
  readonly addresses: readonly string[];
}

/** Wires a host to a lab's machine; it ends with the lab, or by `cutWire`. */
export async function wireHost(machine: Host, { name, gateways, addresses }: Wire): Promise<Host> {
  const [near, far] = [`near-${name}`, `far-${name}`];
  const inside = `ip -n ${name}`;
  const flag = (address: string): string => (address.includes(":") ? " nodad" : "");
  const bare = (address: string): string => address.replace(/\/.*/, "");
  await machine.run(
    [
      "sh",
      "-ec",
      [
        `ip netns add ${name}`,
        `ip link add ${near} type veth peer name ${far} netns ${name}`,
        // As on any interface of a lab, no address is a link-local one unless somebody says so.
        `sysctl -qw net.ipv6.conf.${near}.addr_gen_mode=0`,
        ...gateways.map((each) => `ip address add ${each} dev ${near}${flag(each)}`),
        `ip link set ${near} up`,
        `${inside} link set lo up`,
        `ip netns exec ${name} sysctl -qw net.ipv6.conf.${far}.accept_dad=0 net.ipv6.conf.${far}.addr_gen_mode=0`,
        ...addresses.map((each) => `${inside} address add ${each} dev ${far}${flag(each)}`),
        `${inside} link set ${far} up`,
        ...gateways.map((each) => `${inside} route add default via ${bare(each)}`),
      ].join("\n"),
    ],
    { timeoutMs: 30_000 * PATIENCE },
  );
  return {
    name,
    run: (argv, options) => machine.run(["ip", "netns", "exec", name, ...argv], options),
    writeFile: (path, text, mode) => machine.writeFile(path, text, mode),
  };
}

export const cutWire = (machine: Host, name: string): Promise<unknown> =>
  machine.run(["sh", "-ec", `ip link del near-${name}\nip netns del ${name}`]);
