// Agents that apply installs: they run, are watched over, are no drift to plan, and go without a trace.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { ChangeNow, NetworkNow, PairNow, PairPast, SupposedNow } from "../../src/controller/wire.ts";
import { askAgent } from "../../src/linux/agent.ts";
import type { Host } from "../../src/linux/command.ts";
import { MEASURED } from "../support/agents.ts";
import { tofro } from "../support/cli.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { promtool } from "../support/promtool.ts";
import { PATIENCE, PATIENT } from "../support/patience.ts";
import { snapshotAll } from "../support/snapshot.ts";

const UNDERLAY = `underlay:
  a -> c: { delay: 55ms }
  c -> a: { delay: 15ms }
  a <-> b: { delay: 8ms }
  b <-> c: { delay: 7ms }
`;
const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts");
const NODES = ["a", "b", "c"];

const sh = async (host: Host, script: string): Promise<string> =>
  (await host.run(["sh", "-c", script], { timeoutMs: 60_000 * PATIENCE })).stdout;

const apply = (lab: TestLab, ...more: string[]) => tofro("apply", ...PATIENT, ...more, "--lab", lab.name);
const plan = async (lab: TestLab): Promise<string> => (await tofro("plan", "--lab", lab.name)).stdout;
const NOTHING = NODES.map((node) => `${node}: nothing to do\n`).join("");

async function until(look: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 60_000 * PATIENCE;
  while (!(await look())) {
    if (performance.now() > endMs) throw new Error("not within a minute");
    await sleep(200);
  }
}

const epochOf = async (host: Host): Promise<number> =>
  ((await askAgent(host, { get: "status" })) as { epoch: number }).epoch;
const pidOf = async (host: Host): Promise<string> => sh(host, "cat /run/tofro-agent/pid 2>/dev/null || true");

/** Another program under Node.js's name, in this host alone. */
async function replaceNode(host: Host, script: string): Promise<void> {
  await sh(
    host,
    `printf '#!/bin/sh\\n%s\\n' '${script}' >/run/node && chmod 755 /run/node && mount --bind /run/node "$(readlink -f "$(command -v node)")"`,
  );
}

/** Signed in at `tofro web`, which Ctrl-C ends. */
async function sees(
  lab: TestLab,
  look: (get: (path: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const child = spawn(process.execPath, [MAIN, "web", "--lab", lab.name], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  try {
    const [said] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
    const url = new URL(said.trim());
    expect((await fetch(`${url.origin}/api/network`)).status).toBe(401);
    const login = await fetch(`${url.origin}/login`, { method: "POST", body: url.hash.slice(1) });
    const cookie = login.headers.get("set-cookie")!.split(";")[0]!;
    await look(async (path) => (await fetch(`${url.origin}${path}`, { headers: { cookie } })).json());
  } finally {
    child.kill("SIGINT");
  }
  expect(await ended).toEqual([0, null]);
}

describe("apply --agent", () => {
  it("installs agents that choose, come back when they die, and are no drift; --no-agent takes them off", async () => {
    await withLab(`${MEASURED}metrics: 9586\n`, { bare: true, underlay: UNDERLAY }, async (lab) => {
      const nothing = await snapshotAll(lab);
      expect((await apply(lab)).code).toBe(0);
      const without = await snapshotAll(lab);
      expect(await apply(lab, "--agent")).toMatchObject({ code: 0 });
      // The next apply needs not be told.
      expect(await plan(lab)).toBe(NOTHING);
      const a = await lab.host("a");
      const wayOf = () => sh(a, "ip -o route get 192.168.51.2");
      await until(async () => (await wayOf()).includes("wg-b"));
      await until(async () => (await plan(lab)) === NOTHING);
      expect(await apply(lab)).toMatchObject({ code: 0, stdout: NOTHING });
      await until(async () => (await wayOf()).includes("wg-b"));

      // What was chosen is what others compare with.
      const traced = await tofro("trace", "a", "c", "--no-measure", "--json", "--lab", lab.name);
      const { directions } = JSON.parse(traced.stdout) as { directions: { plan: { path: string[] } }[] };
      expect(directions.map((each) => each.plan.path)).toEqual([
        ["a", "b", "c"],
        ["c", "a"],
      ]);

      // And what a browser on the operator's machine is shown, there by b and back directly.
      await sees(lab, async (get) => {
        const network = (await get("/api/network")) as NetworkNow;
        expect(network).toMatchObject({
          isSimulated: false,
          nodes: NODES.map((name) => ({ name, isThere: true })),
        });
        const past = async () => (await get("/api/past?from=a&to=c&for=3600000")) as PairPast;
        await until(async () => (await past()).there.paths.some((path) => path.join() === "a,b,c"));
        const dead = JSON.stringify({ links: [{ tunnel: "b - c", from: "b", isDown: true }], nodes: [] });
        const { pairs } = (await get(`/api/suppose?what=${encodeURIComponent(dead)}`)) as SupposedNow;
        expect(pairs).toMatchObject([{ from: "a", to: "c", is: ["a", "c"], reason: "failed" }]);
        const changes = async () => (await get("/api/changes")) as ChangeNow[];
        await until(async () => (await changes()).some(({ kind }) => kind === "apply"));
        const reported = await tofro("report", "--json", "--since", "1h", "--lab", lab.name);
        const report = JSON.parse(reported.stdout) as { pairs: { past: PairPast }[] };
        expect(report.pairs.map(({ past: { there } }) => there.paths.at(-1))).toEqual([["a", "b", "c"]]);
        const { there, back } = (await get("/api/pair?from=a&to=c")) as PairNow;
        expect([there.path, back.path]).toEqual([
          ["a", "b", "c"],
          ["c", "a"],
        ]);
        const direct = there.candidates.find(({ path }) => path.length === 2);
        expect(direct?.moreDelayMs).toBeGreaterThan(20);
      });

      // Killed, it is started again, and goes on with what was chosen.
      const [before, epoch] = [await pidOf(a), await epochOf(a)];
      await sh(a, `kill -9 ${before}`);
      await until(async () => !["", before].includes(await pidOf(a)));
      await until(async () => (await askAgent(a, { get: "status" }).catch(() => undefined)) !== undefined);
      expect(await epochOf(a)).toBeGreaterThanOrEqual(epoch);

      // Prometheus would get this, on the node itself and in the overlay, and nowhere else.
      const metrics = (address: string) =>
        sh(
          a,
          `node -e "fetch('http://${address}:9586/metrics').then((r) => r.text()).then(console.log, () => {})"`,
        );
      const delay = (text: string, which: string) =>
        Number(
          new RegExp(`^tofro_link_delay_${which}_seconds{from="a",to="c",.*} (\\S+)$`, "m").exec(text)?.[1],
        );
      let served = "";
      await until(async () => {
        served = await metrics("192.168.51.1");
        return (
          served.includes('tofro_link_up{from="a",to="b",tunnel="a - b"} 1\n') &&
          served.includes('tofro_controller_agent_up{node="c"} 1\n') &&
          !Number.isNaN(delay(served, "lowest"))
        );
      });
      expect(promtool(["check", "metrics"], served)).toEqual({ code: 0, said: "" });
      // At least 55 ms, as the lab has it.
      expect(delay(served, "highest")).toBeGreaterThan(0.055);
      expect(delay(served, "lowest")).toBeLessThan(delay(served, "highest"));
      expect(await metrics("127.0.0.1")).toContain('tofro_agent_info{node="a"} 1\n');
      expect(await metrics("198.51.100.1")).toBe("");

      // The controller, too, which knows what was decided before.
      const b = await lab.host("b");
      const historyOf = async () =>
        ((await askAgent(b, { get: "status" })) as { network: { history: { kept: string } } }).network
          .history;
      expect(await historyOf()).toEqual({ kept: "disk" });
      const decided = async () => {
        const { stdout } = await tofro("why", "a", "c", "--json", "--lab", lab.name);
        return (JSON.parse(stdout || "{}") as { decisions?: { at: string }[] }).decisions ?? [];
      };
      const was = await decided();
      expect(was.length).toBeGreaterThan(0);
      // All of it is written within a second.
      await sleep(2500);
      await sh(b, `kill -9 ${await pidOf(b)}`);
      await until(async () => (await decided()).length >= was.length);
      expect((await decided()).slice(-was.length)).toEqual(was);
      expect(await sh(b, "stat -c '%a %s' /var/lib/tofro/history.sqlite")).toMatch(/^600 [1-9]/);

      // A route of ours that somebody deletes is put back by the agent; one of its files is put back by apply.
      await sh(a, "ip route del 192.168.51.2");
      await until(async () => (await wayOf()).includes("wg-"));
      await sh(a, "echo '{}' >/etc/tofro/agent.json");
      expect(await apply(lab)).toMatchObject({ code: 0 });
      await until(async () => (await plan(lab)) === NOTHING);

      // The plan's own paths, and nothing of an agent.
      expect(await apply(lab, "--no-agent")).toMatchObject({ code: 0 });
      expect(await snapshotAll(lab)).toEqual(without);
      expect(await plan(lab)).toBe(NOTHING);
      expect(await sh(b, "ls /var/lib/tofro")).toContain("history.sqlite\n");
      expect(await apply(lab, "--agent")).toMatchObject({ code: 0 });
      expect((await tofro("down", "--lab", lab.name)).code).toBe(0);
      expect(await snapshotAll(lab)).toEqual(nothing);
      expect(await sh(b, "ls -d /var/lib/tofro 2>/dev/null || true")).toBe("");
      for (const node of NODES)
        expect(await sh(await lab.host(node), "ps -e -o args | grep '[t]ofro.*/agent' || true")).toBe("");
    });
  });

  it("refuses a machine without Node.js 20, and goes back where the agent does not start", async () => {
    await withLab(MEASURED, { bare: true }, async (lab) => {
      const b = await lab.host("b");
      expect((await apply(lab)).code).toBe(0);
      const before = await snapshotAll(lab);
      await replaceNode(b, "echo v18.19.0");
      const old = await apply(lab, "--agent");
      expect(old.code).toBe(2);
      expect(old.stderr).toContain("b up: an agent needs Node.js 20 or newer, and it has 18; install it");
      await replaceNode(b, '[ "$1" = --version ] && echo v20.1.0');
      const failed = await apply(lab, "--agent");
      expect(failed.code).toBe(1);
      expect(failed.stderr).toMatch(/the agent does not start:[^]*Nothing was applied. a, b, c: as before/);
      expect(await snapshotAll(lab)).toEqual(before);
      // It was not, so nobody thinks that it is.
      expect(await plan(lab)).toBe(NOTHING);
    });
  });
});
