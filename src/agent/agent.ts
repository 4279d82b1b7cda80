// One agent's life: reads its configuration, holds the machine at the plan, answers, and ends when told to.
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { setPriority } from "node:os";
import { join } from "node:path";
import type { NodeState } from "../core/node-state.ts";
import { readIfThere } from "../files/atomic.ts";
import { localHost } from "../linux/command.ts";
import { hash, prints } from "../linux/preshared-prints.ts";
import { AGENT_RUN, HELD } from "../render/agent.ts";
import { presharedKeyFile } from "../render/change.ts";
import { Choosing } from "./choosing.ts";
import { CONFIG_NAME, formatConfig, parseConfig } from "../core/agent/config.ts";
import { formatHeld } from "../core/agent/held.ts";
import { formatKept, parseKept, type Kept } from "./kept.ts";
import { exposition } from "../core/metrics/exposition.ts";
import { Keeper } from "./keeper.ts";
import { serveMetrics } from "./metrics-server.ts";
import { AGENT_ETC, KEPT, SOCKET, STARTED } from "./places.ts";
import { serve, type Handlers } from "./socket.ts";

/** As routing daemons have it, more or less (nice(1)). */
const NICE = -10;

/** `folder` holds the configuration. Returns when a signal has ended it, or when tofro is taken off the machine. */
export async function agent(folder: string): Promise<void> {
  const text = await readFile(join(folder, CONFIG_NAME), "utf8");
  const config = parseConfig(text);
  beFirst();
  // The same on all nodes.
  const print = hash(formatConfig({ spec: config.spec, lock: config.lock, node: "" }));
  const kept = parseKept((await readIfThere(KEPT)) ?? "", print);
  const choosing = new Choosing(config, { print, kept });
  const state = choosing.state;
  await mkdir(AGENT_RUN, { recursive: true, mode: 0o700 });
  const gone = Promise.withResolvers<void>();
  const keeper = new Keeper({
    state,
    host: localHost,
    ...(config.wireguard && { wireguard: config.wireguard }),
    presharedKeyPrints: prints(state, { presharedKeys: await presharedKeys(state) }),
    onHeld: latest((held: NodeState) => write(HELD, formatHeld(hash(text), held))),
    onGone: () => gone.resolve(),
    onRepaired: () => choosing.pin(),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  const status = (): object => ({
    node: config.node,
    pid: process.pid,
    keeper: keeper.status(),
    ...(choosing.status() as object),
  });
  const begun = Promise.withResolvers<void>();
  const controller =
    (answer: Handlers[string]): Handlers[string] =>
    async (request) => {
      // It begins last: whoever asks before waits.
      await begun.promise;
      return answer(request);
    };
  const close = await serve(SOCKET, {
    status,
    choice: ({ with: more }) => ({ ...choosing.choice(), ...(more === "status" && { status: status() }) }),
    picture: controller(() => choosing.picture()),
    pair: controller(({ from, to }) => choosing.pair(String(from), String(to))),
    past: controller(({ from, to, for: forMs }) => choosing.past(String(from), String(to), Number(forMs))),
    suppose: controller(({ what }) => choosing.suppose(String(what))),
    changes: controller(() => choosing.changes()),
    why: controller(({ from, to, at }) =>
      choosing.why(String(from), String(to), typeof at === "string" ? Date.parse(at) : undefined),
    ),
  });
  await write(STARTED, `${process.execPath}\n${process.argv[1]}\n`);
  await write(join(AGENT_RUN, "pid"), `${process.pid}\n`);
  const { metrics } = config.spec;
  const endMetrics =
    metrics === undefined
      ? () => undefined
      : serveMetrics({
          port: metrics,
          addresses: ["127.0.0.1", ...choosing.addresses],
          text: () => {
            const { repairs, trouble } = keeper.status();
            return exposition(choosing.metrics({ repairs, isTroubled: trouble !== undefined }));
          },
        });
  await keeper.start();
  choosing.start({
    hold: (next) => void keeper.set(next),
    keep: latest((next: Kept) => write(KEPT, formatKept(next))),
  });
  begun.resolve();
  await Promise.race([ended(), gone.promise]);
  endMetrics();
  await choosing.stop();
  await keeper.stop();
  await close();
  // What it chose stays for its next life, until `down` or the next boot.
  await rm(join(AGENT_RUN, "pid"), { force: true });
}

/** What waits for the processor takes links for dead that are not. */
function beFirst(): void {
  try {
    setPriority(NICE);
  } catch {
    // A container may not: then it takes its turn.
  }
}

async function presharedKeys(state: NodeState): Promise<Map<string, string>> {
  const keys = await Promise.all(
    state.interfaces.map(async ({ name, tunnel }) => {
      const text = await readIfThere(presharedKeyFile(AGENT_ETC, name));
      return text === undefined ? [] : [[tunnel, text.trim()] as const];
    }),
  );
  return new Map(keys.flat());
}

async function ended(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const each of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(each, () => resolve());
  await promise;
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Writes one after the other, and of those that wait only the last. */
function latest<Value>(work: (value: Value) => Promise<void>): (value: Value) => void {
  let next: { readonly value: Value } | undefined;
  let isBusy = false;
  const go = async (): Promise<void> => {
    isBusy = true;
    for (let each = next; each !== undefined; each = next) {
      next = undefined;
      // Without it `plan` shows drift where there is none, and nothing else.
      await work(each.value).catch(() => undefined);
    }
    isBusy = false;
  };
  return (value) => {
    next = { value };
    if (!isBusy) void go();
  };
}
