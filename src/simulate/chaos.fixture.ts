// Chaos on simulated time: links die, lose, slow down and come back, agents and controllers are killed, clocks begin anew, networks part;
// and a prober that sees whether a packet ever goes in a circle, who is cut off for how long, and whether all is well again afterwards.
import { allocate } from "../core/allocate.ts";
import { parse } from "../core/parse.ts";
import type { Plan } from "../core/plan.ts";
import { resolve } from "../core/resolve.ts";
import { route } from "../core/route.ts";
import { wantedTunnels } from "../core/tunnels.ts";
import { NONE } from "../lab/impairment.ts";
import { Ledger } from "./ledger.ts";
import { Simulation } from "./simulation.ts";
import { randomFrom } from "./random.ts";
import { Underlay } from "./underlay.ts";

export interface ChaosOptions {
  readonly nodes: number;
  /** Measured lines of each node to others; in a sparse network lines over a tunnel of their own. */
  readonly lines: number;
  /** Only those tunnels are there, tested so often; else every two nodes that can have one have one. */
  readonly sparse?: { readonly intervalMs: number };
  readonly calmMs: number;
  readonly wildMs: number;
  readonly afterMs: number;
  /** Between two things that happen. */
  readonly everyMs: number;
  /** Only links that die silently, one direction of one at a time. */
  readonly isGentle?: true;
  /** Each kind of thing happens before one happens again, and all of them do, however long it takes. */
  readonly isFair?: true;
  /** Pairs that the prober sends between. */
  readonly pairs: number;
}

export interface ChaosReport {
  readonly events: number;
  readonly packets: number;
  readonly loops: number;
  /** By outage: how long a pair was cut off though a way of living links was there all the time, ms; ascending. */
  readonly outages: readonly number[];
  /** When all was calm again: measured lines that are dearer than the best by more than they may be, and pairs that do not arrive. */
  readonly unsettled: readonly string[];
  /** Different choices that agents hold in the end. */
  readonly epochs: number;
}

const KINDS = 9;
const PROBE_MS = 20;
const LOOK_MS = 20;
const SECOND_MS = 1_000;
/**
 * The last third of the calm counts, and not its last moment: a loss of some thousandths is known to some milliseconds' worth, and
 * a way that seemed better is kept for its dwell.
 */
const SETTLED = 1 / 3;
/** A move that is under way when the time is over may end: where everybody answers it takes no longer. */
const MOVE_MS = 2_000;

function randomPlan(
  seed: number,
  { nodes, lines, sparse }: ChaosOptions,
): Pick<Plan, "spec" | "topology" | "routing"> {
  const arrow = sparse === undefined ? "<=>" : "<->";
  const random = randomFrom(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const names = Array.from({ length: nodes }, (_, index) => `n${index}`);
  // Behind NAT one in five, which reach each other over the rest.
  const texts = names.map((name, index) =>
    sparse === undefined && index % 5 === 4
      ? `  ${name}: {}`
      : `  ${name}: { endpoint: 198.51.${100 + (index >> 8)}.${index & 255} }`,
  );
  const wanted = new Set<string>();
  names.forEach((name, index) => {
    // A ring, so that it hangs together.
    wanted.add(`${name} ${arrow} ${names[(index + 1) % nodes]!}`);
    for (let line = 0; line < lines; line++) {
      const other = below(nodes);
      const [x, y] = [Math.min(index, other), Math.max(index, other)];
      if (x !== y && y - x !== 1 && y - x !== nodes - 1) wanted.add(`${names[x]!} ${arrow} ${names[y]!}`);
    }
  });
  const timing = sparse === undefined ? "" : `failover: { interval: ${sparse.intervalMs}ms }\n`;
  const text = `overlay: 10.0.0.0/16\n${timing}nodes:\n${texts.join("\n")}\npaths:\n${[...wanted].map((line) => `  - ${line}\n`).join("")}`;
  const { spec, diagnostics } = parse(text, "chaos.yaml");
  if (spec === undefined) throw new Error(`the network of seed ${seed} is wrong: ${diagnostics[0]?.message}`);
  // What machines would look like takes longer than all the rest, and there are none.
  const tunnels = wantedTunnels(spec);
  const topology = resolve(spec, tunnels, allocate(spec, tunnels));
  return { spec, topology, routing: route(spec, topology) };
}

export function chaos(seed: number, options: ChaosOptions): ChaosReport {
  return new Chaos(seed, options).run();
}

class Chaos {
  readonly #options: ChaosOptions;
  readonly #random: () => number;
  readonly #underlay: Underlay;
  readonly #simulation: Simulation;
  readonly #ledger: Ledger;
  readonly #names: readonly string[];
  readonly #pairs: readonly (readonly [number, number])[];
  readonly #dead = new Set<number>();
  readonly #outages: number[] = [];
  /** Kinds that have not happened yet. */
  readonly #left: number[] = [];
  /** By node: where a packet of it could get to, as long as links and agents are as at the last look. */
  readonly #reached = new Map<number, ReadonlySet<number>>();
  #lastLook = "";
  /** Since when each pair is cut off without need. */
  readonly #cut = new Map<number, number>();
  #events = 0;
  #packets = 0;
  #loops = 0;

  constructor(seed: number, options: ChaosOptions) {
    this.#options = options;
    this.#random = randomFrom(seed * 7919 + 1);
    const plan = randomPlan(seed, options);
    const links = plan.topology.tunnels.flatMap(({ ends: [a, b] }) =>
      [
        [a.node, b.node],
        [b.node, a.node],
      ].map(([from, to]) => ({
        from: from!,
        to: to!,
        impairment: {
          ...NONE,
          delayMs: 5 + this.#below(60),
          jitterMs: this.#below(3),
          lossPercent: this.#random() / 2,
        },
      })),
    );
    this.#names = plan.topology.nodes.map(({ name }) => name);
    this.#underlay = new Underlay(plan.topology, { links, fallback: NONE });
    this.#simulation = new Simulation(plan, this.#underlay, seed);
    this.#ledger = new Ledger(plan, this.#simulation, this.#underlay);
    this.#pairs = Array.from({ length: options.pairs }, () => this.#pair());
  }

  run(): ChaosReport {
    const { calmMs, wildMs, afterMs, everyMs } = this.#options;
    const { timeline } = this.#simulation;
    timeline.every(PROBE_MS, () => this.#probe());
    this.#until(calmMs);
    while (this.#simulation.nowMs < calmMs + wildMs || this.#left.length > 0) {
      this.#happen();
      this.#until(this.#simulation.nowMs + everyMs * (0.5 + this.#random()));
    }
    const endMs = this.#simulation.nowMs + afterMs;
    this.#until(endMs - afterMs * SETTLED);
    this.#ledger.changed();
    while (this.#simulation.nowMs < endMs) {
      this.#until(Math.min(endMs, this.#simulation.nowMs + SECOND_MS));
      this.#ledger.look(SECOND_MS);
    }
    while (this.#epochs() > 1 && this.#simulation.nowMs < endMs + MOVE_MS)
      this.#until(this.#simulation.nowMs + LOOK_MS);
    const unsettled = this.#ledger.directions().flatMap(({ from, to, outageMs, excessMs, delayMs }) => {
      const isWell = outageMs === 0 && excessMs <= Math.max(10, 0.2 * delayMs);
      return isWell ? [] : [`${from} => ${to}: ${excessMs.toFixed(1)} ms dearer, ${outageMs} ms out`];
    });
    const cut = this.#pairs.flatMap(([from, to]) => {
      const { kind } = this.#simulation.journey(from, to);
      return kind === "arrived" ? [] : [`${this.#names[from]!} to ${this.#names[to]!}: ${kind}`];
    });
    return {
      events: this.#events,
      packets: this.#packets,
      loops: this.#loops + this.#ledger.loops,
      outages: this.#outages.sort((x, y) => x - y),
      unsettled: [...unsettled, ...cut],
      epochs: this.#epochs(),
    };
  }

  #epochs(): number {
    return new Set(this.#simulation.holdings().map(({ choice }) => choice.epoch)).size;
  }

  #until(endMs: number): void {
    while (this.#simulation.nowMs < endMs) {
      this.#simulation.timeline.runUntil(Math.min(endMs, this.#simulation.nowMs + LOOK_MS));
      this.#look();
    }
  }

  #probe(): void {
    const [from, to] = this.#pairs[this.#below(this.#pairs.length)]!;
    this.#packets++;
    this.#simulation.send(from, to, (fate) => {
      if (fate === "looped") this.#loops++;
    });
  }

  /** Who is cut off although a way of living links and agents is there. */
  #look(): void {
    const look = [this.#underlay.changes, ...this.#dead].join();
    if (look !== this.#lastLook) this.#reached.clear();
    this.#lastLook = look;
    this.#pairs.forEach(([from, to], index) => {
      const { kind, links } = this.#simulation.journey(from, to);
      const { senders } = this.#simulation.links;
      const isThrough = kind === "arrived" && !links.some((link) => this.#underlay.isDead(link));
      // A node whose agent is dead cannot go another way.
      const isFrozen = links.some((link) => this.#dead.has(senders[link]!));
      const since = this.#cut.get(index);
      if (isThrough || isFrozen || !this.#isPossible(from, to)) {
        if (since !== undefined && isThrough) this.#outages.push(this.#simulation.nowMs - since);
        this.#cut.delete(index);
      } else if (since === undefined) this.#cut.set(index, this.#simulation.nowMs);
    });
  }

  #isPossible(from: number, to: number): boolean {
    const known = this.#reached.get(from) ?? this.#reach(from);
    this.#reached.set(from, known);
    return known.has(to);
  }

  #reach(from: number): ReadonlySet<number> {
    const { outgoing, receivers } = this.#simulation.links;
    const seen = new Set([from]);
    for (const at of seen) {
      if (this.#dead.has(at)) continue;
      for (const link of outgoing[at]!) if (!this.#underlay.isDead(link)) seen.add(receivers[link]!);
    }
    return seen;
  }

  #happen(): void {
    this.#events++;
    const { timeline, links } = this.#simulation;
    const forMs = 1_000 + this.#random() * 9_000;
    if (this.#options.isGentle)
      return this.#hurt(this.#below(links.senders.length), 1, everyLessThan(this.#options.everyMs));
    const what = this.#kind();
    if (what < 5) {
      // One direction, or both, of one link or of several at once.
      const count = this.#below(4) === 0 ? 2 + this.#below(3) : 1;
      for (let each = 0; each < count; each++) this.#hurt(this.#below(links.senders.length), what, forMs);
    } else if (what === 5) this.#part(forMs);
    else if (what === 6) {
      const node = this.#below(this.#names.length);
      if (this.#dead.has(node)) return;
      this.#dead.add(node);
      this.#simulation.killAgent(node);
      timeline.after(forMs, () => {
        this.#dead.delete(node);
        this.#simulation.startAgent(node);
      });
    } else if (what === 7) {
      this.#simulation.killController();
      timeline.after(forMs, () => this.#simulation.startController());
    } else {
      const node = this.#below(this.#names.length);
      if (!this.#dead.has(node)) this.#simulation.stepClock(node, (2 * this.#random() - 1) * 5_000);
    }
  }

  #kind(): number {
    if (this.#options.isFair === undefined) return this.#below(KINDS);
    if (this.#left.length === 0) this.#left.push(...Array.from({ length: KINDS }, (_, kind) => kind));
    return this.#left.splice(this.#below(this.#left.length), 1)[0]!;
  }

  #hurt(link: number, what: number, forMs: number): void {
    const { senders, receivers } = this.#simulation.links;
    const [from, to] = [this.#names[senders[link]!]!, this.#names[receivers[link]!]!];
    const directions =
      what === 0
        ? [
            { from, to },
            { from: to, to: from },
          ]
        : [{ from, to }];
    const { delayMs, lossPercent } = this.#underlay.of({ from, to });
    const change =
      what < 3
        ? { lossPercent: 100 }
        : what === 3
          ? { lossPercent: this.#random() * 30 }
          : { delayMs: delayMs + this.#random() * 200 };
    if (lossPercent === 100) return;
    for (const each of directions) {
      const was = this.#underlay.of(each);
      if (was.lossPercent === 100) continue;
      this.#underlay.set(each, change);
      this.#simulation.timeline.after(forMs, () => this.#underlay.set(each, was));
    }
  }

  /** Some nodes hear nothing of the rest, and the rest nothing of them. */
  #part(forMs: number): void {
    const { senders, receivers } = this.#simulation.links;
    const island = new Set(
      Array.from({ length: 1 + this.#below(this.#names.length / 4) }, () => this.#below(this.#names.length)),
    );
    senders.forEach((sender, link) => {
      const receiver = receivers[link]!;
      if (island.has(sender) === island.has(receiver)) return;
      const each = { from: this.#names[sender]!, to: this.#names[receiver]! };
      const was = this.#underlay.of(each);
      if (was.lossPercent === 100) return;
      this.#underlay.set(each, { lossPercent: 100 });
      this.#simulation.timeline.after(forMs, () => this.#underlay.set(each, was));
    });
  }

  #pair(): readonly [number, number] {
    const from = this.#below(this.#names.length);
    const to = this.#below(this.#names.length - 1);
    return [from, to < from ? to : to + 1];
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }
}

/** So that one is over before the next comes. */
const everyLessThan = (ms: number): number => ms / 3;
