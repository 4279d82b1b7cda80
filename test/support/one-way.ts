// Numbered packets one way between all nodes of a lab, from programs in their networks alone, and which of them never came.
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { marker } from "../../src/lab/state.ts";
import { findNamespaces } from "../../src/linux/namespace.ts";
import type { TestLab } from "./lab.ts";

export const ONE_WAY_PORT = 9000;
/** Of the clock that all processes of this machine share, whatever their time namespace's agents see. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** What an end tells. */
export interface EndReport {
  /** By number. */
  readonly sentMs: readonly number[];
  /** By the other's address, the numbers that came. */
  readonly heard: readonly (readonly [string, readonly number[]])[];
}

/** Packets in a row that never came, from when the first was sent until the next one that came was. */
export interface Gap {
  readonly from: string;
  readonly to: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface Flights {
  readonly packets: number;
  readonly lost: number;
  readonly gaps: readonly Gap[];
}

interface End {
  readonly node: string;
  readonly address: string;
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
}

/** A packet that is still under way. */
const LANDING_MS = 1_500;

export class OneWay {
  readonly #ends: readonly End[];

  private constructor(ends: readonly End[]) {
    this.#ends = ends;
  }

  /** `hops`: as many links as a packet may take. Returns when all are sending. */
  static async begin(lab: TestLab, periodMs: number, hops: number): Promise<OneWay> {
    const program = join(import.meta.dirname, "one-way-end.ts");
    const pids = new Map(findNamespaces(marker(lab.name)).map((each) => [each.marker, each.pid]));
    const nodes = lab.plan.topology.nodes.map(({ name, addresses }) => ({ name, address: addresses[0]! }));
    const ends = nodes.map(({ name, address }): End => {
      const others = nodes.flatMap((each) => (each.name === name ? [] : [each.address]));
      const argv = [process.execPath, program, String(periodMs), String(hops), address, ...others];
      const enter = ["--net", "--target", String(pids.get(marker(lab.name) + name)), "--"];
      const child = spawn("nsenter", [...enter, ...argv], { stdio: ["pipe", "pipe", "inherit"] });
      child.stdout.setEncoding("utf8");
      return { node: name, address, child };
    });
    await Promise.all(ends.map(({ child }) => once(child.stdout, "data")));
    return new OneWay(ends);
  }

  /** Ends it, and says which of at least so many packets in a row never came. */
  async end(atLeast: number): Promise<Flights> {
    for (const { child } of this.#ends) child.stdin.write("end\n");
    await sleep(LANDING_MS);
    const reports = new Map(
      await Promise.all(
        this.#ends.map(async ({ address, child }) => {
          child.stdin.end();
          const text = (await child.stdout.toArray()).join("");
          return [address, JSON.parse(text) as EndReport] as const;
        }),
      ),
    );
    const all = this.#ends.flatMap((to) =>
      reports.get(to.address)!.heard.map(([address, numbers]) => {
        const { sentMs } = reports.get(address)!;
        const came = new Set(numbers);
        const from = this.#ends.find((each) => each.address === address)!.node;
        const gaps = gapsOf(sentMs, came, atLeast).map((each) => ({ from, to: to.node, ...each }));
        return { packets: sentMs.length, lost: sentMs.length - came.size, gaps };
      }),
    );
    const sum = (what: "packets" | "lost"): number => all.reduce((total, each) => total + each[what], 0);
    return { packets: sum("packets"), lost: sum("lost"), gaps: all.flatMap(({ gaps }) => gaps) };
  }

  /** Whatever a test has come to. */
  stop(): void {
    for (const { child } of this.#ends) child.stdin.destroy();
  }
}

function gapsOf(
  sentMs: readonly number[],
  came: ReadonlySet<number>,
  atLeast: number,
): Pick<Gap, "fromMs" | "untilMs">[] {
  const gaps: Pick<Gap, "fromMs" | "untilMs">[] = [];
  let begun = 0;
  for (let number = 0; number <= sentMs.length; number++) {
    if (number < sentMs.length && !came.has(number)) continue;
    const untilMs = sentMs[number] ?? sentMs.at(-1)!;
    if (number - begun >= atLeast) gaps.push({ fromMs: sentMs[begun]!, untilMs });
    begun = number + 1;
  }
  return gaps;
}
