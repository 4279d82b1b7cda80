// Holds this machine at its state: at once when something changes it, every minute anyway, and never while an apply does.
//
//   const keeper = new Keeper({ state, ... });
//   await keeper.start();            the machine is as it should be, or keeper.status().trouble says why not
//   await keeper.set(other);         routes and rules moved: a few ms; anything else is repaired towards `other`
//   await keeper.stop();             the machine stays as it is
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Change } from "../core/diff.ts";
import type { NodeState } from "../core/node-state.ts";
import { parseObserved, type Observed } from "../core/observed.ts";
import type { Host } from "../linux/command.ts";
import { endpointsApart, RUN as APPLY } from "../render/apply-scripts.ts";
import { AGENT_RUN } from "../render/agent.ts";
import { linesOf } from "../render/change.ts";
import { followScript } from "../render/follow.ts";
import { observeScript } from "../render/observe.ts";
import { firewallNews, routingNews, WIREGUARD_SETTINGS } from "./events.ts";
import { moves, repairs } from "./hold.ts";
import { listen } from "./news.ts";
import { AGENT_ETC } from "./places.ts";
import { RouteChannel } from "./route-channel.ts";

/** News come in bursts: one look for all of them. */
const DEBOUNCE_MS = 20;
/** From what was done to the look whether it holds. */
const VERIFY_MS = 150;
const ANYWAY_MS = 60_000;
const FOLLOW_MS = 30_000;
/** While an apply is under way. */
const LOCKED_MS = 200;
/** WireGuard tells nobody of its changes: it has to be asked. In seconds, for sleep(1). */
const WIREGUARD_S = 1;
/** Repairs of what is changed back again and again come ever slower, up to this. */
const MOST_MS = 5000;
const SCRIPT_MS = 60_000;
/** What brings the plan up at boot, as long as the machine has one. */
const UP = `${AGENT_ETC}/up`;

export interface KeeperOptions {
  readonly state: NodeState;
  readonly host: Host;
  /** How interfaces are made anew; absent: as the machine can. */
  readonly wireguard?: "kernel" | "userspace";
  /** By tunnel. */
  readonly presharedKeyPrints: ReadonlyMap<string, string>;
  /** What it holds from now on, whenever that changes. */
  readonly onHeld: (state: NodeState) => void;
  /** The plan was taken off the machine: there is nothing to hold any more. */
  readonly onGone: () => void;
  /** Something was put right: perhaps an interface made anew, which has lost what others had put on it. */
  readonly onRepaired: () => void;
  readonly log: (line: string) => void;
}

export interface KeeperStatus {
  /** Times that something had to be put right. */
  readonly repairs: number;
  /** The last time, as the lines that did it. */
  readonly lastRepair: readonly string[];
  /** Why the machine is not as it should be; absent: it is, as far as was seen. */
  readonly trouble?: string;
  /** An apply is under way. */
  readonly isWaiting: boolean;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #channel = new RouteChannel();
  #held: NodeState;
  /** Counts `set`: what was seen before it says nothing of what came after. */
  #generation = 0;
  #isDirty = false;
  #isStopped = false;
  #pass: Promise<void> | undefined;
  #writing: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  /** Passes one after the other that found something to repair. */
  #restless = 0;
  #ends: (() => void)[] = [];
  #isNews: (line: string) => boolean;
  #wireguard = "";
  #status: KeeperStatus = { repairs: 0, lastRepair: [], isWaiting: false };

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#held = options.state;
    this.#isNews = routingNews(options.state);
  }

  /** What the machine is held at. */
  get state(): NodeState {
    return this.#held;
  }

  status(): KeeperStatus {
    return this.#status;
  }

  /** Begins to listen, and brings the machine there, unless an apply is under way: then behind it. */
  async start(): Promise<void> {
    this.#options.onHeld(this.#held);
    const look = (): void => this.#wake(DEBOUNCE_MS);
    const ifNews = (isNews: (line: string) => boolean) => (line: string) => {
      if (isNews(line)) look();
    };
    let settings: string[] = [];
    this.#ends = [
      listen(
        "ip monitor link address route rule netconf",
        ifNews((line) => this.#isNews(line)),
        look,
      ),
      listen("nft monitor", ifNews(firewallNews), look),
      listen(
        `while sleep ${WIREGUARD_S}; do ${WIREGUARD_SETTINGS}; echo; done`,
        (line) => {
          if (line !== "") return void settings.push(line);
          const now = settings.join("\n");
          if (now !== this.#wireguard) look();
          [this.#wireguard, settings] = [now, []];
        },
        look,
      ),
      every(ANYWAY_MS, look),
      every(FOLLOW_MS, () => void this.#follow()),
    ];
    this.#wake(0);
    await this.#pass;
  }

  /** From now on the machine is held at this one. When only routes and rules differ, they are installed when it returns. */
  async set(state: NodeState): Promise<void> {
    const lines = moves(this.#held, state);
    this.#held = state;
    this.#generation++;
    this.#isNews = routingNews(state);
    if (lines === undefined || isLocked()) this.#wake(0);
    else if (lines.length > 0) {
      // Repairs that run now are of the state before.
      await this.#writing;
      const errors = await this.#channel.run(lines).catch((error: Error) => [error.message]);
      if (errors.length > 0) this.#options.log(`routes: ${errors.join("; ")}`);
      this.#wake(errors.length > 0 ? 0 : VERIFY_MS);
    }
    this.#options.onHeld(state);
  }

  /** The machine stays as it is. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const end of this.#ends) end();
    clearTimeout(this.#timer);
    await this.#pass;
    this.#channel.restart();
  }

  /** Looks within so many ms, or when the look that is under way has ended. */
  #wake(afterMs: number): void {
    if (this.#isStopped) return;
    if (this.#pass !== undefined) {
      this.#isDirty = true;
      return;
    }
    const dueMs = performance.now() + Math.max(afterMs, this.#patienceMs());
    if (dueMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    const begin = (): void => {
      this.#dueMs = Number.POSITIVE_INFINITY;
      this.#pass = this.#look().finally(() => {
        this.#pass = undefined;
        if (this.#isDirty) this.#wake(DEBOUNCE_MS);
      });
    };
    if (dueMs <= performance.now()) begin();
    else this.#timer = setTimeout(begin, dueMs - performance.now());
  }

  #patienceMs(): number {
    return this.#restless < 4 ? 0 : Math.min(MOST_MS, 50 * 2 ** (this.#restless - 4));
  }

  async #look(): Promise<void> {
    this.#isDirty = false;
    const isWaiting = isLocked();
    this.#status = { ...this.#status, isWaiting };
    if (isWaiting) {
      await sleep(LOCKED_MS);
      this.#isDirty = true;
      return;
    }
    // `down` has removed it.
    if (!existsSync(UP)) {
      this.#options.log("the plan was taken off this machine");
      this.#options.onGone();
      return;
    }
    const [generation, held] = [this.#generation, this.#held];
    let trouble: string | undefined;
    try {
      const observed = await this.#observe(held);
      if (generation !== this.#generation) {
        this.#isDirty = true;
        return;
      }
      trouble = await this.#repair(held, observed);
    } catch (error) {
      trouble = error instanceof Error ? error.message : String(error);
      this.#restless++;
      this.#isDirty = true;
    }
    const { trouble: before, ...rest } = this.#status;
    if (trouble !== undefined && trouble !== before) this.#options.log(trouble);
    this.#status = { ...rest, ...(trouble !== undefined && { trouble }) };
  }

  async #observe(held: NodeState): Promise<Observed> {
    const { stdout } = await this.#options.host.run(["sh", "-s"], {
      input: observeScript(held),
      timeoutMs: SCRIPT_MS,
    });
    return parseObserved(stdout, held);
  }

  /** Returns why it did not come to what it should. */
  async #repair(held: NodeState, observed: Observed): Promise<string | undefined> {
    const clash = held.interfaces.find(({ name }) => observed.foreign.has(name))?.name;
    if (clash !== undefined) return `there is an interface ${clash} that is not tofro's`;
    const changes = repairs(held, observed, this.#options.presharedKeyPrints);
    if (changes.length === 0) {
      this.#restless = 0;
      return undefined;
    }
    const wireguard = this.#options.wireguard ?? observed.wireguard ?? "kernel";
    const means = { wireguard, keys: AGENT_ETC };
    const lines = linesOf(changes.flatMap(endpointsApart), means, "all");
    const work = this.#run(lines);
    this.#writing = work.catch(() => undefined);
    const said = await work;
    if (changes.some(isOfInterfaces)) this.#channel.restart("an interface was made anew");
    if (said === undefined) return undefined;
    this.#restless++;
    this.#isDirty = true;
    const count = this.#status.repairs + 1;
    this.#status = { ...this.#status, repairs: count, lastRepair: lines };
    this.#options.log(`repaired: ${lines.map((line) => line.split("\n", 1)[0]).join("; ")}`);
    this.#options.onRepaired();
    return said === "" ? undefined : said;
  }

  /** What the lines said on stderr; undefined: an apply came first. */
  async #run(lines: readonly string[]): Promise<string | undefined> {
    const input = [`[ ! -e ${APPLY} ] || exit 75`, ...lines, "exit 0", ""].join("\n");
    const { code, stderr } = await this.#options.host.run(["sh", "-s"], {
      input,
      anyExit: true,
      timeoutMs: SCRIPT_MS,
    });
    return code === 75 ? undefined : stderr.replaceAll(/^[┌│└].*\n/gm, "").trim();
  }

  async #follow(): Promise<void> {
    const script = followScript(this.#held, { seen: `${AGENT_RUN}/endpoints`, all: true });
    if (script === undefined || isLocked()) return;
    const options = { input: script, anyExit: true, timeoutMs: SCRIPT_MS };
    const said = await this.#options.host.run(["sh", "-s"], options).catch(() => undefined);
    if (said?.stdout) this.#options.log(said.stdout.trim());
  }
}

const isLocked = (): boolean => existsSync(APPLY);

const isOfInterfaces = ({ kind }: Change): boolean => kind === "interface-add" || kind === "interface-delete";

function every(periodMs: number, work: () => void): () => void {
  const timer = setInterval(work, periodMs);
  return () => clearInterval(timer);
}
