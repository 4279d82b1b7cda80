// A lab's dashboard in a browser: real agents on real tunnels, and what it shows when the underlay changes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { askAgent } from "../../src/linux/agent.ts";
import { labHost } from "../../src/lab/lab.ts";
import type { LabStatus } from "../../src/lab/status.ts";
import { Browser } from "../support/browser.ts";
import { tofro } from "../support/cli.ts";
import { PATIENCE } from "../support/patience.ts";

const ROOT = join(import.meta.dirname, "..", "..");
/** On a busy machine the direct way may seem no worse than the other for a while. */
const WAIT = { timeout: 180_000 * PATIENCE, interval: 200 };

it(
  "lab up --web brings agents up, and their page follows what the underlay does",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "tofro-test-"));
    cpSync(join(ROOT, "examples", "three-nodes"), folder, { recursive: true });
    const name = `test-web-${process.pid}`;
    const argv = ["lab", "up", join(folder, "measured-lab.yaml"), "--web", "--allow-changes", "--name", name];
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "src/main.ts", ...argv], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
    const ended = once(child, "close");
    const browser = await Browser.start();
    const text = (selector: string): Promise<unknown> =>
      browser.ask(`document.querySelector(${JSON.stringify(selector)})?.textContent`);
    const set = async (link: string, ...what: string[]): Promise<void> => {
      expect((await tofro("lab", "set", link, ...what, "--name", name)).code).toBe(0);
    };
    const press = async (selector: string): Promise<void> => {
      await browser.ask(`document.querySelector(${JSON.stringify(selector)}).focus()`);
      await browser.press("Enter");
    };
    /** Of a -> c, in the lab: percent. */
    const loss = async (): Promise<number | undefined> => {
      const { stdout } = await tofro("lab", "status", "--json", "--name", name);
      const { links } = JSON.parse(stdout) as LabStatus;
      return links.find(({ from, to }) => from === "a" && to === "c")?.lossPercent;
    };
    try {
      await vi.waitFor(() => expect(said).toContain("http://127.0.0.1"), WAIT);
      await browser.open(/http:\S+/.exec(said)![0]);
      const OVER_B = "There: a → b → c";
      await vi.waitFor(async () => expect(await text("h3.there")).toBe(OVER_B), WAIT);
      // Better there: the page says so by itself.
      await set("a -> c", "delay=1ms", "jitter=0ms", "loss=0%");
      await vi.waitFor(async () => expect(await text("h3.there")).toBe("There: a → c"), WAIT);
      await vi.waitFor(async () => expect(await text("h3.home")).toBe("Back: c → a"), WAIT);
      // And dead, silently, from the page and by the keyboard: around it, and the page follows.
      expect(await loss()).toBe(0);
      await browser.ask(`{
        const links = document.querySelector("#which-link");
        links.value = [...links.options].find(({ text }) => text === "a → c").value;
        links.dispatchEvent(new Event("change"));
        document.querySelector("#new-down").checked = true;
      }`);
      await press("#suppose-link button");
      await vi.waitFor(async () => expect(await text("#supposed li")).toBe("a → c: down Drop"), WAIT);
      expect(await loss()).toBe(0);
      await press("#change");
      await vi.waitFor(async () => expect(await text("#change-state")).toBe("Done."), WAIT);
      expect(await text("#supposed li")).toBeUndefined();
      expect(await loss()).toBe(100);
      await vi.waitFor(
        async () =>
          expect(await text("#changed li")).toBe("a → c: delay 1.0 ms → 1.0 ms, loss 0.0 % → 100.0 %"),
        WAIT,
      );
      await vi.waitFor(async () => expect(await text("h3.there")).toBe(OVER_B), WAIT);
      await vi.waitFor(async () => expect(await text("#decisions")).toContain("a link went down"), WAIT);
      await vi.waitFor(
        async () =>
          expect(await text("#changes")).toMatch(/applied, by [^:]+: tunnels: 2 added \(\+a - b, \+b - c\)/),
        WAIT,
      );

      await press("#restore");
      await vi.waitFor(async () => expect(await text("#changed li")).toBeUndefined(), WAIT);
      expect(await loss()).toBe(0);

      child.kill("SIGINT");
      await ended;
      // The lab and its agents go on.
      await expect(askAgent(await labHost(name, "b"), { get: "status" })).resolves.toBeDefined();
      await vi.waitFor(async () => expect(await text("#state.lost")).toContain("Connection lost"), WAIT);
    } finally {
      await browser.stop();
      child.kill("SIGKILL");
      await ended;
      await tofro("lab", "down", "--name", name);
      rmSync(folder, { recursive: true, force: true });
    }
  },
  600_000 * PATIENCE,
);
