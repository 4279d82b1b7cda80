// Debian's chromium without a window, spoken to by its own protocol (CDP): one page.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export class Browser {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #number = 0;

  private constructor(child: ChildProcess, folder: string, socket: WebSocket) {
    this.#child = child;
    this.#folder = folder;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    });
  }

  static async start(): Promise<Browser> {
    const folder = mkdtempSync(join(tmpdir(), "tofro-browser-"));
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en"];
    const child = spawn(
      "chromium",
      [...flags, "--remote-debugging-port=0", `--user-data-dir=${folder}`, "about:blank"],
      {
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    let port = "";
    for await (const line of createInterface({ input: child.stderr })) {
      port = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? "";
      if (port !== "") break;
    }
    const listed = await fetch(`http://127.0.0.1:${port}/json/list`);
    const pages = (await listed.json()) as { type: string; webSocketDebuggerUrl: string }[];
    const socket = new WebSocket(pages.find(({ type }) => type === "page")!.webSocketDebuggerUrl);
    await once(socket, "open");
    return new Browser(child, folder, socket);
  }

  async send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#number;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await promise;
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  /** What an expression of the page is worth; a promise is awaited. */
  async ask(expression: string): Promise<unknown> {
    const options = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", options);
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { readonly value?: unknown }).value;
  }

  async open(url: string): Promise<void> {
    await this.send("Page.navigate", { url });
  }

  async press(key: string): Promise<void> {
    for (const type of ["keyDown", "keyUp"])
      await this.send("Input.dispatchKeyEvent", { type, key, code: key, ...(KEYS[key] ?? { text: key }) });
  }

  async picture(): Promise<Buffer> {
    const { data } = await this.send("Page.captureScreenshot", { captureBeyondViewport: true });
    return Buffer.from(String(data), "base64");
  }

  async size(width: number, height: number): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: false,
    });
  }

  /** As the system says that it is. */
  async scheme(value: "light" | "dark"): Promise<void> {
    await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
  }

  async stop(): Promise<void> {
    this.#socket.close();
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Answer {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

const KEYS: Readonly<Record<string, object>> = {
  Tab: { windowsVirtualKeyCode: 9 },
  ArrowRight: { windowsVirtualKeyCode: 39 },
  Enter: { windowsVirtualKeyCode: 13, text: "\r" },
};
