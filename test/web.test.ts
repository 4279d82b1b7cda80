// The dashboard of a simulation, as a browser shows it, and as those meet it who may not look.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { pageFiles } from "../src/web/page.ts";
import { reportHtml } from "../src/web/report.ts";
import type { Control } from "../src/web/control.ts";
import { serveWeb, type WebServer } from "../src/web/server.ts";
import { faults } from "./support/axe.ts";
import { Browser } from "./support/browser.ts";
import { CANNED, CHANGES, PAIR, pastFor, ringOf } from "./support/canned.ts";
import { tofro } from "./support/cli.ts";

const ROOT = join(import.meta.dirname, "..");
const LAB = join(ROOT, "examples", "five-nodes", "measured-lab.yaml");
const WAIT = { timeout: 60_000, interval: 200 };

describe("its server", () => {
  let server: WebServer;
  const at = (path: string): string => `http://127.0.0.1:${server.port}${path}`;
  beforeAll(async () => {
    const network = { atMs: 0, isSimulated: true, nodes: [], links: [], decisions: [] };
    const nothing = () => undefined;
    const source = {
      network: () => network,
      pair: nothing,
      past: nothing,
      changes: nothing,
      suppose: nothing,
    };
    server = await serveWeb(await pageFiles(), source, 0);
  });
  afterAll(() => server.stop());

  it("tells nothing without a session, and lets a token in once", async () => {
    for (const path of [
      "/api/network",
      "/api/stream",
      "/api/pair?from=a&to=c",
      "/api/past?from=a&to=c&for=1000",
      "/api/changes",
      "/api/suppose?what={}",
    ])
      for (const cookie of ["", "tofro=", "tofro=AAAA"])
        expect((await fetch(at(path), { headers: { cookie } })).status).toBe(401);
    const token = new URL(server.url).hash.slice(1);
    const other = { origin: "http://evil.example" };
    expect((await fetch(at("/login"), { method: "POST", body: token, headers: other })).status).toBe(403);
    expect((await fetch(at("/login"), { method: "POST", body: "wrong" })).status).toBe(401);
    const entered = await fetch(at("/login"), { method: "POST", body: token });
    expect(entered.status).toBe(204);
    const cookie = entered.headers.get("set-cookie")!;
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict/);
    expect((await fetch(at("/login"), { method: "POST", body: token })).status).toBe(401);
    const seen = await fetch(at("/api/network"), { headers: { cookie: cookie.split(";")[0]! } });
    expect(seen.status).toBe(200);
    expect(seen.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self';/);
    const tries = Array.from({ length: 12 }, () => fetch(at("/login"), { method: "POST", body: "wrong" }));
    expect((await Promise.all(tries)).map(({ status }) => status)).toContain(429);
  });

  it("refuses other names, other paths, and what is too large", async () => {
    const status = async (path: string, host?: string): Promise<number | undefined> => {
      const headers = host === undefined ? {} : { host };
      const sent = request({ port: server.port, host: "127.0.0.1", path, headers }).end();
      const [answer] = (await once(sent, "response")) as [{ statusCode?: number; resume: () => void }];
      answer.resume();
      return answer.statusCode;
    };
    expect(await status("/", "evil.example")).toBe(421);
    for (const path of [
      "/../package.json",
      "/%2e%2e/package.json",
      "/page.js/../../package.json",
      "//etc/passwd",
    ])
      expect(await status(path)).toBe(401);
    const large = fetch(at("/login"), { method: "POST", body: "x".repeat(10 << 20) });
    // Ended before all is sent: the answer may be lost with the connection.
    expect(
      await large.then(
        (answer) => answer.status,
        () => 413,
      ),
    ).toBe(413);
    expect(await status("/")).toBe(200);
  });

  it("ends slow clients, and outlives a thousand", async () => {
    const slow = connect(server.port, "127.0.0.1");
    slow
      .on("error", () => undefined)
      .resume()
      .write("GET / HTTP/1.1\r\n");
    const ended = once(slow, "close");
    const sockets = Array.from({ length: 1000 }, () =>
      connect(server.port, "127.0.0.1").on("error", () => undefined),
    );
    await Promise.all(sockets.map((each) => once(each, "connect").catch(() => undefined)));
    for (const each of sockets) each.destroy();
    await vi.waitFor(async () => expect((await fetch(at("/"))).status).toBe(200), WAIT);
    await ended;
  });
});

describe("changes", () => {
  const asked: string[] = [];
  const control: Control = {
    change: (what) => Promise.resolve(asked.push(what) > 0 && what !== "nonsense"),
    restore: () => Promise.resolve(void asked.push("restore")),
    changed: () => [],
  };
  /** What the page sends, and what it may be short of. */
  const status = async (
    server: WebServer,
    path: string,
    { body = "{}", method = "POST", ...headers }: Record<string, string> = {},
  ): Promise<number> => {
    const own = { origin: `http://127.0.0.1:${server.port}`, "content-type": "application/json" };
    const at = `http://127.0.0.1:${server.port}${path}`;
    const sent = { ...own, "x-tofro": "page", ...headers };
    const text = method === "GET" || method === "HEAD" ? {} : { body };
    return (await fetch(at, { method, headers: sent, ...text })).status;
  };
  const signIn = async (server: WebServer): Promise<string> => {
    const body = new URL(server.url).hash.slice(1);
    const entered = await fetch(`http://127.0.0.1:${server.port}/login`, { method: "POST", body });
    return entered.headers.get("set-cookie")!.split(";")[0]!;
  };

  it("are refused without --allow-changes, whoever asks", async () => {
    const server = await serveWeb(await pageFiles(), CANNED, 0);
    try {
      const cookie = await signIn(server);
      for (const path of ["/api/change", "/api/restore", "/api/network", "/", "/else"])
        for (const method of ["POST", "PUT", "PATCH", "DELETE"])
          for (const session of ["", cookie])
            expect(await status(server, path, { method, cookie: session })).toBe(403);
      const seen = await fetch(`http://127.0.0.1:${server.port}/api/network`, { headers: { cookie } });
      expect(await seen.json()).not.toHaveProperty("changed");
    } finally {
      await server.stop();
    }
  });

  it("need a session, and the page itself: no other site, no form, and not too many", async () => {
    const server = await serveWeb(await pageFiles(), { ...CANNED, control }, 0);
    try {
      expect(await status(server, "/api/change")).toBe(401);
      const cookie = await signIn(server);
      expect(await status(server, "/api/change", { cookie: "tofro=AAAA" })).toBe(401);
      for (const short of [
        { origin: "http://evil.example" },
        { origin: "null" },
        { origin: `http://localhost:${server.port}` },
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" },
        { "content-type": "text/plain" },
        { "content-type": "application/x-www-form-urlencoded" },
        { "x-tofro": "" },
      ])
        for (const path of ["/api/change", "/api/restore"])
          expect(await status(server, path, { cookie, ...short }), JSON.stringify(short)).toBe(403);
      // A browser asks before it sends the header from another site: nobody says that it may.
      const ask = { method: "OPTIONS", "access-control-request-headers": "x-tofro" };
      expect(await status(server, "/api/change", { cookie, ...ask })).toBe(405);
      for (const method of ["PUT", "DELETE"])
        expect(await status(server, "/api/change", { cookie, method })).toBe(405);
      // Nor does an address that somebody is led to.
      expect(await status(server, "/api/change?what={}", { cookie, method: "GET" })).toBe(404);
      expect(await status(server, "/api/other", { cookie })).toBe(404);
      expect(asked).toEqual([]);

      expect(await status(server, "/api/change", { cookie, body: "{}" })).toBe(204);
      expect(await status(server, "/api/restore", { cookie, "sec-fetch-site": "same-origin" })).toBe(204);
      expect(await status(server, "/api/change", { cookie, body: "nonsense" })).toBe(400);
      const large = status(server, "/api/change", { cookie, body: "x".repeat(1 << 20) });
      expect(await large.catch(() => 413)).toBe(413);
      expect(asked).toEqual(["{}", "restore", "nonsense"]);
      const many = Array.from({ length: 30 }, () => status(server, "/api/change", { cookie }));
      const said = await Promise.all(many);
      expect([
        said.filter((each) => each === 204).length,
        said.filter((each) => each === 429).length,
      ]).toEqual([16, 14]);
    } finally {
      await server.stop();
    }
  });

  it("are allowed to pages of labs and simulations alone", async () => {
    const refused = [
      ["web", "--allow-changes"],
      ["lab", "up", LAB, "--allow-changes"],
      ["simulate", LAB, "--allow-changes"],
    ];
    for (const argv of refused)
      expect(await tofro(...argv)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("Cannot allow changes") as string,
      });
  });
});

it("weighs less than 80 kB", async () => {
  const all = [...(await pageFiles()).values()].map(({ text }) => text).join("");
  expect(gzipSync(all).length).toBeLessThan(80_000);
});

it("refuses speeds and ports that are none", async () => {
  for (const argv of [
    ["--speed", "0"],
    ["--speed", "x"],
    ["--port", "70000"],
  ])
    expect((await tofro("simulate", LAB, "--web", ...argv)).code).toBe(2);
});

describe("a simulation in a browser", () => {
  let child: ChildProcess;
  let browser: Browser;
  const text = (selector: string): Promise<unknown> =>
    browser.ask(`document.querySelector(${JSON.stringify(selector)})?.textContent`);
  beforeAll(async () => {
    const argv = ["simulate", LAB, "--web", "--speed", "5", "--allow-changes"];
    child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "src/main.ts", ...argv], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [url] = (await once(child.stdout!, "data")) as [Buffer];
    browser = await Browser.start();
    await browser.open(String(url).trim());
  });
  afterAll(async () => {
    await browser.stop();
    child.kill("SIGKILL");
  });

  it("shows both directions of a pair, follows, sorts by the keyboard, and says when it is lost", async () => {
    await vi.waitFor(async () => expect(await text("h3.there")).toBe("There: home → hkg → lax"), WAIT);
    expect(await text("#pair p")).toMatch(/^delay \d+\.\d ms \(\d+\.\d – \d+\.\d\), loss /);
    expect(await browser.ask(`document.querySelectorAll("#map path.on.there").length`)).toBe(2);
    expect(await text("#map .node.transit text")).toBe("hkg");
    expect(await browser.ask("location.hash")).toBe("");
    // From 20 s on tyo -> lax is slow and loses packets.
    await vi.waitFor(async () => expect(await text("#decisions")).toContain("tyo → office → lax"), WAIT);

    // Looking back: it began on the direct tunnel, and moved.
    await vi.waitFor(
      async () => expect(await text("#past .saved")).toMatch(/: \+(8|9|10)\d\.\d ms delay/),
      WAIT,
    );
    expect(await text("#past .ways")).toBe("A: home → laxB: home → hkg → lax");
    expect(await browser.ask(`document.querySelectorAll("#past .chart.there .move").length`)).toBe(1);
    expect(
      await browser.ask(`document.querySelector("#past .chart.there").getAttribute("aria-label")`),
    ).toMatch(/^There\. delay \d+\.\d ms – \d+\.\d ms, loss \d\.\d %, Moves: 1$/);
    await browser.ask(`document.querySelector("input[value=hour]").focus()`);
    await browser.press("ArrowRight");
    await browser.press("ArrowRight");
    expect(await browser.ask(`document.activeElement.value`)).toBe("month");
    const asked = `performance.getEntriesByType("resource").map(({ name }) => name).join(" ")`;
    await vi.waitFor(async () => expect(await browser.ask(asked)).toMatch(/past\S+for=2592000000/), WAIT);

    // What if hkg -> lax were slow: typed, and sent by the keyboard.
    const focus = (selector: string) =>
      browser.ask(`document.querySelector(${JSON.stringify(selector)}).focus()`);
    await browser.ask(`{
      const links = document.querySelector("#which-link");
      links.value = [...links.options].find(({ text }) => text === "hkg → lax").value;
      links.dispatchEvent(new Event("change"));
    }`);
    expect(Number(await browser.ask(`document.querySelector("#new-delay").placeholder`))).toBeGreaterThan(20);
    await focus("#new-delay");
    for (const digit of "230") await browser.press(digit);
    await browser.press("Enter");
    const rows = `[...document.querySelectorAll("#supposed-pairs tbody tr")].map((row) => row.textContent).join("\\n")`;
    await vi.waitFor(
      async () =>
        expect(await browser.ask(rows)).toMatch(
          /home ⇒ laxhome → hkg → laxhome → (office|hkg → office|tyo) → lax\+/,
        ),
      WAIT,
    );
    expect(await text("#supposed-state")).toMatch(
      /^Pairs that would move: [1-9]\d*; without a way: 0; that would stay: \d+$/,
    );
    expect(await text("#supposed li")).toMatch(/^hkg → lax: \+(19|20)\d\.\d ms delay Drop$/);
    // It did not happen, as long as nobody makes it so.
    expect(await text("h3.there")).toBe("There: home → hkg → lax");
    expect(await text("#changed li")).toBeUndefined();
    await focus("#change");
    await browser.press("Enter");
    await vi.waitFor(
      async () =>
        expect(await text("#changed li")).toMatch(
          /^hkg → lax: delay \d+\.\d ms → 2\d\d\.\d ms, loss (\d+\.\d %) → \1$/,
        ),
      WAIT,
    );
    expect(await text("#change-state")).toBe("Done.");
    expect(await text("#supposed li")).toBeUndefined();
    await vi.waitFor(async () => expect(await text("h3.there")).not.toContain("hkg → lax"), WAIT);
    await focus("#restore");
    await browser.press("Enter");
    await vi.waitFor(async () => expect(await text("#changed li")).toBeUndefined(), WAIT);
    await vi.waitFor(async () => expect(await text("h3.there")).toBe("There: home → hkg → lax"), WAIT);
    await focus("#change");
    await browser.press("Enter");
    await vi.waitFor(async () => expect(await text("#change-state")).toBe("Nothing is supposed."), WAIT);

    await browser.ask(`document.querySelector("#which-node").value = "hkg"`);
    await focus("#suppose-node button");
    await browser.press("Enter");
    await vi.waitFor(
      async () => expect(await text("#supposed-state")).toMatch(/^The controller would be cut off/),
      WAIT,
    );
    await focus("#drop-0");
    await browser.press("Enter");
    expect(await browser.ask("document.activeElement.id")).toBe("which-link");
    await vi.waitFor(async () => expect(await text("#supposed-state")).toBe(""), WAIT);

    await browser.open(String(await browser.ask("location.href")));
    await vi.waitFor(async () => expect(await text("#links tbody tr")).toContain("hkg → home"), WAIT);
    for (let tabs = 0; tabs < 60 && (await browser.ask("document.activeElement.id")) !== "by-link"; tabs++)
      await browser.press("Tab");
    await browser.press("Enter");
    await vi.waitFor(async () => expect(await text("#links tbody tr")).toContain("tyo → office"), WAIT);

    await browser.size(360, 800);
    expect(await browser.ask("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    const paper = `getComputedStyle(document.body).backgroundColor`;
    const light = await browser.ask(paper);
    await browser.ask(`document.querySelector("#scheme").click()`);
    expect(await browser.ask(paper)).not.toBe(light);
    await browser.ask(`document.querySelector("#language").click()`);
    expect(await text("#map-title")).toBe("地图");

    child.kill("SIGKILL");
    await vi.waitFor(async () => expect(await text("#state.lost")).toContain("连接已断开"), WAIT);
    expect(await text("h3.there")).toContain("home → hkg → lax");
  });
});

describe("what a controller says, in a browser", () => {
  let server: WebServer;
  let browser: Browser;
  const text = (selector: string): Promise<unknown> =>
    browser.ask(`document.querySelector(${JSON.stringify(selector)})?.textContent`);
  beforeAll(async () => {
    const changed = [
      { from: "a", to: "c", was: { delayMs: 55, loss: 0.02 }, is: { delayMs: 90, loss: 0.02 } },
    ];
    const control: Control = {
      change: () => Promise.reject(new Error("the lab is down")),
      restore: () => Promise.resolve(),
      changed: () => changed,
    };
    server = await serveWeb(await pageFiles(), { ...CANNED, control }, 0);
    browser = await Browser.start();
    await browser.open(server.url);
    await vi.waitFor(async () => expect(await text("#changes li")).toContain("link"), WAIT);
  });
  afterAll(async () => {
    await browser.stop();
    await server.stop();
  });

  it("tells who applied and when, what was rolled back, and which links and agents came and went", async () => {
    const lines = `[...document.querySelectorAll("#changes li")].map((each) => each.textContent.slice(20))`;
    expect(await browser.ask(lines)).toEqual([
      "a link went down: c -> b (b - c)",
      "an agent is away: b",
      "an apply was rolled back, by bob<script>@desk",
      "applied, by alice@laptop: tunnels: 2 added, 1 removed (+a - c, -a - d, …); routes: 5 changed; firewall",
      "a link is up again: a -> c (a - c)",
      "the controller began",
    ]);
    expect(await text("#changes li.cut time")).toMatch(/^2026-11-2\d \d\d:\d\d:57$/);
  });

  it("has nothing that axe-core finds fault with, light and dark, wide and narrow, in both languages", async () => {
    const open = async (): Promise<void> => {
      await browser.open(server.url);
      await vi.waitFor(async () => expect(await text("#past .saved")).toContain("+38.0 ms"), WAIT);
      expect(await text("#past .carried")).toBe("b carried 3.1 GB (a → b → c)");
      expect(await text("#past .exchanged")).toBe(
        "Relays carried 3.1 GB instead of 61.0 GB (had both directions gone over one)",
      );
      await browser.ask(`document.querySelector("#suppose-node").requestSubmit()`);
      await vi.waitFor(async () => expect(await text("#supposed-pairs")).toContain("a ⇒ c"), WAIT);
      expect(await browser.ask(`document.querySelector("#changing").hidden`)).toBe(false);
      expect(await text("#changed li")).toBe("a → c: delay 55.0 ms → 90.0 ms, loss 2.0 % → 2.0 %");
      await browser.ask(`document.querySelector("#change").click()`);
      await vi.waitFor(async () => expect(await text("#change-state")).toMatch(/^Not done: /), WAIT);
      await browser.ask(`for (const each of document.querySelectorAll("details")) each.open = true`);
    };
    await open();
    for (const language of ["en", "zh-CN"]) {
      expect(await browser.ask("document.documentElement.lang")).toBe(language);
      for (const scheme of ["light", "dark"] as const)
        for (const width of [1300, 360]) {
          await browser.scheme(scheme);
          await browser.size(width, 900);
          expect(await browser.ask("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
          expect(await faults(browser), `${language} ${scheme} ${width}`).toEqual([]);
        }
      await browser.ask(`document.querySelector("#language").click()`);
    }
  });

  it("is a report, too: one file without a script, which asks for nothing, in both languages", async () => {
    const page = await pageFiles();
    const css = page.get("/page.css")!.text;
    const network = CANNED.network()!;
    const pair = { from: "a", to: "c", now: PAIR, past: pastFor(7 * 86_400_000) };
    const { fromMs, toMs } = pair.past;
    const changes = [...CHANGES, { atMs: fromMs - 1, kind: "apply" as const, text: "of before" }];
    const report = { fromMs, toMs, network, changes, pairs: [pair], left: 3 };
    const english = reportHtml(report, css, "en");
    expect(english).not.toMatch(/<script|<button|https?:|url\(|@import|\bon[a-z]+=/);
    expect(english).toContain("by bob&lt;script&gt;@desk");
    expect(english).toContain("by alice@laptop: tunnels: 2 added");
    expect(english).toContain(
      "b carried 999 B (a → b → d), with whatever other pairs sent over these two tunnels",
    );
    expect(english.match(/> applied/g)).toHaveLength(1);
    const alone = { ...pair, past: { ...pair.past, exchanged: { octets: 61e9, relayed: 0 } } };
    expect(english).toContain("instead of 61.0 GB");
    expect(reportHtml({ ...report, pairs: [alone] }, css, "en")).not.toContain("instead of");
    expect(reportHtml(report, css, "zh")).toMatch(
      /<html lang="zh-CN">.*地图.*本报告未包含的测量节点对.*: 3.*已应用.*隧道: 2 项新增/s,
    );

    const folder = mkdtempSync(join(tmpdir(), "tofro-report-"));
    try {
      const file = join(folder, "report.html");
      writeFileSync(file, english);
      await browser.size(360, 800);
      await browser.open(`file://${file}`);
      await vi.waitFor(async () => expect(await text("#pair-0-title")).toBe("a ⇄ c"), WAIT);
      expect(await browser.ask(`document.querySelectorAll("svg.chart").length`)).toBe(2);
      expect(await browser.ask(`performance.getEntriesByType("resource").length`)).toBe(0);
      expect(await browser.ask("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
      for (const scheme of ["light", "dark"] as const) {
        await browser.scheme(scheme);
        expect(await faults(browser), scheme).toEqual([]);
      }
      // Its style is allowed, and nothing else.
      expect(await browser.ask(`getComputedStyle(document.querySelector(".band")).opacity`)).toBe("0.2");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it("draws a large network by its tunnels, names the chosen pair's nodes alone, and finds links by name", async () => {
  const network = ringOf(40, [1, 7, 11]);
  const way = (path: string[], links: number[]) => ({ path, links, candidates: [] });
  const pair = { there: way(["n0", "n1", "n8"], [0, 8]), back: way(["n8", "n1", "n0"], [9, 1]) };
  const server = await serveWeb(
    await pageFiles(),
    { ...CANNED, network: () => network, pair: () => pair },
    0,
  );
  const browser = await Browser.start();
  try {
    await browser.open(server.url);
    const count = (selector: string) => browser.ask(`document.querySelectorAll("${selector}").length`);
    await vi.waitFor(async () => expect(await count("#map .node text")).toBe(3), WAIT);
    expect(await browser.ask(`document.querySelector("#changing").hidden`)).toBe(true);
    expect([await count("#map .node"), await count("#map .link"), await count("#map .mark")]).toEqual([
      40, 240, 4,
    ]);
    const places = (await browser.ask(
      `[...document.querySelectorAll("#map .node")].map((each) => each.getAttribute("transform")).sort()`,
    )) as string[];
    expect(new Set(places).size).toBe(40);
    expect(await count("#links tbody tr")).toBe(200);
    expect(await browser.ask(`document.querySelector("#links p").textContent`)).toBe("not shown: 40");
    await browser.ask(`document.querySelector("#having").focus()`);
    for (const key of "N39") await browser.press(key);
    await vi.waitFor(async () => expect(await count("#links tbody tr")).toBe(12), WAIT);
    // Nobody moves when figures come in.
    await browser.open(String(await browser.ask("location.href")));
    await vi.waitFor(async () => expect(await count("#map .node text")).toBe(3), WAIT);
    expect(
      await browser.ask(
        `[...document.querySelectorAll("#map .node")].map((each) => each.getAttribute("transform")).sort()`,
      ),
    ).toEqual(places);
  } finally {
    await browser.stop();
    await server.stop();
  }
});
