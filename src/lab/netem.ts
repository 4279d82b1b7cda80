// Impairs links with the kernel's netem, at the sending end of each wire.
import { run, type Output, type RunOptions } from "../linux/command.ts";
import type { Namespace } from "../linux/namespace.ts";
import type { Impairer } from "./impair.ts";
import { linksOf, vethLine } from "./impair.ts";
import type { Impairment } from "./impairment.ts";
import { isNone } from "./impairment.ts";

export const netem: Impairer = {
  wireLines: ({ wires }, pidOf) => wires.map((wire) => vethLine(wire, pidOf)),

  async start(underlay, namespaceOf) {
    const batches = new Map<string, string[]>();
    for (const { wire, side, link } of linksOf(underlay)) {
      const sender = underlay.wires[wire]!.ends[side];
      if (isNone(link.impairment)) continue;
      const batch = batches.get(sender.host) ?? [];
      batches.set(sender.host, [...batch, netemLine(sender.interface, link.impairment)]);
    }
    await Promise.all(
      [...batches].map(([name, lines]) =>
        tc(name, namespaceOf(name), ["-batch", "-"], { input: `${lines.join("\n")}\n` }),
      ),
    );
  },

  async change(underlay, { wire, side }, impairment, namespaceOf) {
    const { host, interface: device } = underlay.wires[wire]!.ends[side];
    await tc(host, namespaceOf(host), netemLine(device, impairment).split(" "));
  },
};

/** In the host's network alone: a schedule runs in the PID namespace of another host, and cannot enter this one's. */
const tc = (
  name: string,
  { pid }: Namespace,
  words: readonly string[],
  options?: RunOptions,
): Promise<Output> =>
  run(["tc", ...words], options, { name, enter: ["nsenter", "--target", String(pid), "--net", "--"] });

/** One line for `tc -batch`; `replace` adds or changes. A rate that is left out would stay what it was. */
export function netemLine(device: string, impairment: Impairment): string {
  const { delayMs, jitterMs, lossPercent, rateBps } = impairment;
  return [
    `qdisc replace dev ${device} root netem limit ${queuePackets(impairment)}`,
    `delay ${delayMs * 1000}us ${jitterMs * 1000}us`,
    ...(lossPercent > 0 ? [`loss ${lossPercent}%`] : []),
    `rate ${Math.round(rateBps)}bit`,
  ].join(" ");
}

/** netem's limit counts delayed packets too: with a rate what is under way and 100 ms of queue, else more than enough. */
function queuePackets({ delayMs, jitterMs, rateBps }: Impairment): number {
  if (rateBps === 0) return 200_000;
  return 20 + Math.ceil((rateBps / 8 / 1500) * ((delayMs + jitterMs + 100) / 1000));
}
