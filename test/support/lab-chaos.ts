// What happens to a lab in its chaos, by a seed: links die, lose and slow down, nodes part, agents are killed and come back, also with
// other clocks than before. As in src/simulate/chaos.fixture.ts, on real tunnels and in real time.
import { setTimeout as sleep } from "node:timers/promises";
import { linksOf, type Links } from "../../src/core/agent/links.ts";
import type { LinkIndex } from "../../src/core/route.ts";
import type { Impairment } from "../../src/lab/impairment.ts";
import { set } from "../../src/lab/set.ts";
import type { Host } from "../../src/linux/command.ts";
import { AGENT_RUN, RUNNER } from "../../src/render/agent.ts";
import { ETC } from "../../src/render/change.ts";
import { randomFrom } from "../../src/simulate/random.ts";
import type { Underlay } from "../../src/simulate/underlay.ts";
import type { TestLab } from "./lab.ts";
import { nowMs } from "./one-way.ts";
import { Truth } from "./truth.ts";

const KINDS = [
  "dead",
  "one way",
  "lossy",
  "slow",
  "parted",
  "agent killed",
  "controller killed",
  "clock stepped",
] as const;
type Kind = (typeof KINDS)[number];

export interface Happened {
  readonly what: string;
  readonly atMs: number;
}

interface Effect {
  readonly links: readonly LinkIndex[];
  readonly lossPercent: number;
  readonly moreMs: number;
}

/** What a node's agent takes the time to be, beside this machine's. */
interface Clocks {
  /** As after a boot: of the monotonic clock, which never steps while anything runs. */
  readonly monotonicS: number;
  readonly wallMs: number;
}

const TRUE: Clocks = { monotonicS: 0, wallMs: 0 };
const LONGEST_MONOTONIC_S = 1e6;
const FARTHEST_WALL_MS = 36e6;
const AGAIN_MS = 100;
const BEGUN_MS = 60_000;

export interface LabChaosOptions {
  readonly lab: TestLab;
  readonly underlay: Underlay;
  readonly controller: string;
  readonly holdMs: number;
  readonly seed: number;
}

export class LabChaos {
  readonly truth: Truth;
  readonly happened: Happened[] = [];
  /** Of agents that were not those that had been started. */
  readonly crashes: string[] = [];
  readonly #lab: TestLab;
  readonly #links: Links;
  readonly #underlay: Underlay;
  readonly #controller: number;
  readonly #random: () => number;
  readonly #effects = new Set<Effect>();
  readonly #absent = new Set<number>();
  readonly #clocks: Clocks[];
  readonly #pids = new Map<number, string>();
  readonly #ends: Promise<void>[] = [];
  /** Changes of the underlay, one after the other. */
  #turn: Promise<void> = Promise.resolve();

  private constructor({ lab, underlay, controller, holdMs, seed }: LabChaosOptions) {
    this.#lab = lab;
    this.#links = linksOf(lab.plan.topology);
    this.#underlay = underlay;
    this.#controller = this.#links.names.indexOf(controller);
    this.#random = randomFrom(seed);
    this.truth = new Truth(this.#links, this.#controller, holdMs);
    this.#clocks = this.#links.names.map(() => TRUE);
  }

  static async begin(options: LabChaosOptions): Promise<LabChaos> {
    const chaos = new LabChaos(options);
    for (const node of chaos.#links.names.keys()) chaos.#pids.set(node, await chaos.#pid(node));
    return chaos;
  }

  /** Everything so many times, in any order, and about so long apart; returns when all is as it was. */
  async run(times: number, everyMs: number): Promise<void> {
    const all = Array.from({ length: times }, () => KINDS).flat();
    while (all.length > 0) {
      const [kind] = all.splice(this.#below(all.length), 1);
      await this.#happen(kind!);
      await sleep(everyMs * (0.5 + this.#random()));
    }
    await Promise.all(this.#ends);
    for (const node of this.#links.names.keys()) await this.#lookForCrash(node);
  }

  async #happen(kind: Kind): Promise<void> {
    const forMs = 3_500 + this.#random() * 3_000;
    const link = this.#below(this.#links.senders.length);
    switch (kind) {
      case "dead":
        return this.#hurt(kind, { links: [link, link ^ 1], lossPercent: 100, moreMs: 0 }, forMs);
      case "one way":
        return this.#hurt(kind, { links: [link], lossPercent: 100, moreMs: 0 }, forMs);
      case "lossy":
        return this.#hurt(
          kind,
          { links: [link], lossPercent: Math.round(5 + this.#random() * 25), moreMs: 0 },
          forMs,
        );
      case "slow":
        return this.#hurt(
          kind,
          { links: [link], lossPercent: 0, moreMs: Math.round(50 + this.#random() * 150) },
          forMs,
        );
      case "parted":
        return this.#hurt(kind, { links: this.#border(), lossPercent: 100, moreMs: 0 }, forMs);
      case "agent killed":
        return this.#replaceAgent(kind, this.#other(), forMs);
      case "controller killed":
        return this.#replaceAgent(kind, this.#controller, forMs);
      case "clock stepped": {
        const node = this.#below(this.#links.names.length);
        this.#clocks[node] = {
          monotonicS: this.#below(LONGEST_MONOTONIC_S),
          wallMs: Math.round((2 * this.#random() - 1) * FARTHEST_WALL_MS),
        };
        return this.#replaceAgent(kind, node, 0);
      }
    }
  }

  async #hurt(kind: Kind, effect: Effect, forMs: number): Promise<void> {
    const { senders, receivers, names } = this.#links;
    const all = effect.links.map((link) => `${names[senders[link]!]} -> ${names[receivers[link]!]}`);
    const how = kind === "lossy" ? ` ${effect.lossPercent}%` : kind === "slow" ? ` +${effect.moreMs}ms` : "";
    const end = this.#note(`${kind}${how}: ${all.join(", ")}`);
    const over = effect.lossPercent === 100 ? effect.links.map((link) => this.truth.dies(link, nowMs())) : [];
    this.#effects.add(effect);
    await this.#impair(effect.links);
    this.#later(forMs, async () => {
      this.#effects.delete(effect);
      await this.#impair(effect.links);
      for (const each of over) each(nowMs());
      end();
    });
  }

  /** All that these links suffer now, together. */
  #impair(links: readonly LinkIndex[]): Promise<void> {
    const turn = this.#turn.then(async () => {
      const changes = Map.groupBy(links, (link) => JSON.stringify(this.#suffered(link)));
      for (const [change, own] of changes)
        await set(this.#lab.name, {
          directions: own.map((link) => this.#direction(link)),
          change: JSON.parse(change) as Partial<Impairment>,
        });
    });
    this.#turn = turn;
    return turn;
  }

  #suffered(link: LinkIndex): Partial<Impairment> {
    const own = [...this.#effects].filter(({ links }) => links.includes(link));
    return {
      lossPercent: Math.max(0, ...own.map(({ lossPercent }) => lossPercent)),
      delayMs: this.#underlay.quality(link).delayMs + Math.max(0, ...own.map(({ moreMs }) => moreMs)),
    };
  }

  #direction(link: LinkIndex): { readonly from: string; readonly to: string } {
    const { names, senders, receivers } = this.#links;
    return { from: names[senders[link]!]!, to: names[receivers[link]!]! };
  }

  /** Between some nodes and the rest, both ways. */
  #border(): LinkIndex[] {
    const { names, senders, receivers } = this.#links;
    const island = new Set<number>();
    const size = 1 + this.#below(names.length / 2);
    while (island.size < size) island.add(this.#below(names.length));
    return [...senders.keys()].filter((link) => island.has(senders[link]!) !== island.has(receivers[link]!));
  }

  /** As by SIGKILL: what it installed stays. Then one begins anew, after so long. */
  async #replaceAgent(kind: Kind, node: number, forMs: number): Promise<void> {
    if (this.#absent.has(node)) return;
    const clocks = kind === "clock stepped" ? ` ${JSON.stringify(this.#clocks[node])}` : "";
    const end = this.#note(`${kind}${clocks}: ${this.#links.names[node]}`);
    this.#absent.add(node);
    await this.#lookForCrash(node);
    const back = this.truth.leaves(node, nowMs());
    const host = await this.#host(node);
    // Its watcher first, or it would be there again in a second.
    await sh(host, `kill -9 $(cat ${AGENT_RUN}/watcher); kill -9 $(cat ${AGENT_RUN}/pid)`);
    this.#later(forMs, async () => {
      await sh(host, startScript(this.#clocks[node]!));
      const endMs = nowMs() + BEGUN_MS;
      while ((await this.#pid(node)) === this.#pids.get(node)) {
        if (nowMs() > endMs) throw new Error(`the agent of ${host.name} does not begin anew`);
        await sleep(AGAIN_MS);
      }
      this.#pids.set(node, await this.#pid(node));
      back(nowMs());
      this.#absent.delete(node);
      end();
    });
  }

  async #lookForCrash(node: number): Promise<void> {
    const [known, there] = [this.#pids.get(node)!, await this.#pid(node)];
    if (known === there) return;
    const log = await sh(await this.#host(node), `tail -n 5 ${AGENT_RUN}/log`);
    this.crashes.push(`${this.#links.names[node]}: process ${known} became ${there}: ${log}`);
  }

  /** Returns what notes its end. */
  #note(what: string): () => void {
    this.happened.push({ what, atMs: nowMs() });
    return () => this.happened.push({ what: `over: ${what}`, atMs: nowMs() });
  }

  #later(ms: number, work: () => Promise<void>): void {
    this.#ends.push(sleep(ms).then(work));
  }

  /** A node that the controller is not on. */
  #other(): number {
    const node = this.#below(this.#links.names.length - 1);
    return node < this.#controller ? node : node + 1;
  }

  #host(node: number): Promise<Host> {
    return this.#lab.host(this.#links.names[node]!);
  }

  async #pid(node: number): Promise<string> {
    return (await sh(await this.#host(node), `cat ${AGENT_RUN}/pid`)).trim();
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }
}

const sh = async (host: Host, script: string): Promise<string> =>
  (await host.run(["sh", "-c", script], { timeoutMs: 60_000 })).stdout;

/**
 * The runner, in a time namespace of its own (time_namespaces(7)). Those shift the monotonic clock alone, so the date is shifted in
 * Node.js itself: an agent asks nobody else.
 */
function startScript({ monotonicS, wallMs }: Clocks): string {
  const date = `const { now } = Date; Date.now = () => now() + ${wallMs};
globalThis.Date = class extends Date { constructor(...said) { super(...(said.length === 0 ? [Date.now()] : said)); } };`;
  const load = `--import=data:text/javascript,${encodeURIComponent(date).replaceAll("'", "%27")}`;
  return `exec env NODE_OPTIONS='${load}' unshare --time --monotonic ${monotonicS} --boottime ${monotonicS} --fork sh ${ETC}/${RUNNER} start`;
}
