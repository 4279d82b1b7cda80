// The dashboard of a simulation, as a browser shows it, and as those meet it who may not look.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { pageFiles } from "../src/web/page.ts";
import { serveWeb, type WebServer } from "../src/web/server.ts";
import { Browser } from "./support/browser.ts";
import { tofro } from "./support/cli.ts";

const ROOT = join(import.meta.dirname, "..");
const LAB = join(ROOT, "examples", "five-nodes", "measured-lab.yaml");
const WAIT = { timeout: 60_000, interval: 200 };

describe("its server", () => {
  let server: WebServer;
  const at = (path: string): string => `http://127.0.0.1:${server.port}${path}`;
  beforeAll(async () => {
    const network = { atMs: 0, isSimulated: true, nodes: [], links: [], decisions: [] };
    server = await serveWeb(await pageFiles(), { network: () => network, pair: () => undefined }, 0);
  });
  afterAll(() => server.stop());

  it("tells nothing without a session, and lets a token in once", async () => {
    for (const path of ["/api/network", "/api/stream", "/api/pair?from=a&to=c"])
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

describe("in a browser", () => {
  let child: ChildProcess;
  let browser: Browser;
  const text = (selector: string): Promise<unknown> =>
    browser.ask(`document.querySelector(${JSON.stringify(selector)})?.textContent`);
  beforeAll(async () => {
    const argv = ["simulate", LAB, "--web", "--speed", "5"];
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

    await browser.open(String(await browser.ask("location.href")));
    await vi.waitFor(async () => expect(await text("#links tbody tr")).toContain("hkg → home"), WAIT);
    for (let tabs = 0; tabs < 20 && (await browser.ask("document.activeElement.id")) !== "by-link"; tabs++)
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
