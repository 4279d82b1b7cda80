// The way of every pair as the kernels of a lab have it: each node's routes and rules asked for each packet that could be there.
import type { TestLab } from "./lab.ts";

/** By `from to`: the nodes of the way, both ends included; it ends where a packet would go no further, or comes back. */
export async function waysOf(lab: TestLab): Promise<Map<string, readonly string[]>> {
  const { nodes, tunnels } = lab.plan.topology;
  const addresses = new Map<string, string>(nodes.map(({ name, addresses: [first] }) => [name, first!]));
  /** By node and interface: who is behind it, and by which interface it comes in there. */
  const behind = new Map(
    tunnels.flatMap(({ ends: [a, b] }) =>
      [[a, b] as const, [b, a] as const].map(([here, there]) => [
        `${here.node} ${here.interface}`,
        { node: there.node, enters: there.interface },
      ]),
    ),
  );
  const routes = new Map(
    await Promise.all(
      nodes.map(async ({ name }) => {
        const script = `for to in ${[...addresses.values()].join(" ")}; do
  echo "- $to $(ip -o route get $to 2>&1)"
  for from in ${[...addresses.values()].join(" ")}; do
    for each in /sys/class/net/wg-*; do
      echo "\${each##*/} $from $to $(ip -o route get $to from $from iif \${each##*/} 2>&1)"
    done
  done
done`;
        const host = await lab.host(name);
        const { stdout } = await host.run(["sh", "-s"], { input: script, timeoutMs: 30_000 });
        const leaves = stdout.split("\n").flatMap((line) => {
          const [, own, passing, device] = /^(?:- (\S+)|(\S+ \S+ \S+)) .*? dev (\S+)/.exec(line) ?? [];
          return device === undefined ? [] : [[own ?? passing!, device] as const];
        });
        return [name, new Map(leaves)] as const;
      }),
    ),
  );
  return new Map(
    nodes.flatMap(({ name: from }) =>
      nodes.flatMap(({ name: to }) => {
        if (from === to) return [];
        const way = [from];
        let [at, key] = [from, addresses.get(to)!];
        while (at !== to) {
          const next = behind.get(`${at} ${routes.get(at)!.get(key)}`);
          if (next === undefined || way.length > nodes.length) break;
          way.push(next.node);
          at = next.node;
          key = `${next.enters} ${addresses.get(from)} ${addresses.get(to)}`;
        }
        return [[`${from} ${to}`, way] as const];
      }),
    ),
  );
}
