// The page: signs in, listens, and draws what it hears.
import type { ChangeNow, NetworkNow, PairNow } from "../src/controller/wire.ts";
import { show } from "./document.ts";
import { mapParts } from "./map.ts";
import { changeParts, COLUMNS, decisionParts, linksParts, pairParts, type Order } from "./parts.ts";
import { PastView } from "./past-view.ts";
import { find, json } from "./page.ts";
import { text } from "./tree.ts";
import { SupposeView } from "./suppose-view.ts";
import { language, speak, word, type Word } from "./words.ts";

/** They are few. */
const CHANGES_MS = 5_000;
/** Rows that a table of links has: more nobody reads, and each costs time every second. */
const MOST_LINKS = 200;
const [from, to] = [find("from") as HTMLSelectElement, find("to") as HTMLSelectElement];
const having = find("having") as HTMLInputElement;
let network: NetworkNow | undefined;
let pair: PairNow | undefined;
let changes: readonly ChangeNow[] = [];
let changesMs = -Infinity;
let state: "live" | "lost" | "denied" = "live";
let order: Order = { column: "link", isDescending: false };
const past = new PastView();
const suppose = new SupposeView();

async function begin(): Promise<void> {
  const token = location.hash.slice(1);
  if (token !== "") {
    await fetch("/login", { method: "POST", body: token });
    history.replaceState(undefined, "", "/");
  }
  drawWords();
  listen();
}

function listen(): void {
  const stream = new EventSource("/api/stream");
  stream.addEventListener("message", ({ data }: MessageEvent<string>) => {
    network = JSON.parse(data) as NetworkNow;
    state = "live";
    void refresh();
  });
  stream.addEventListener("error", () => {
    state = "lost";
    drawState();
    if (stream.readyState !== EventSource.CLOSED) return;
    // The server answered with an error, after which a browser does not try again.
    void fetch("/api/network").then(
      ({ status }) => {
        if (status !== 401) return setTimeout(listen, 2_000);
        state = "denied";
        return drawState();
      },
      () => setTimeout(listen, 2_000),
    );
  });
}

async function refresh(): Promise<void> {
  fillChoosers();
  const asked = chosen();
  past.follow(asked, network?.isSimulated === true);
  if (asked === undefined) pair = undefined;
  else {
    const said = await json<PairNow>("pair", asked);
    // A later choice has its own answer.
    if (said !== "lost" && asked.from === from.value && asked.to === to.value) pair = said;
  }
  draw();
  if (performance.now() - changesMs < CHANGES_MS) return;
  changesMs = performance.now();
  const said = await json<readonly ChangeNow[]>("changes", {});
  if (said !== "lost" && said !== undefined) changes = said;
}

const chosen = (): { from: string; to: string } | undefined =>
  from.value === "" || to.value === "" || from.value === to.value
    ? undefined
    : { from: from.value, to: to.value };

function fillChoosers(): void {
  const names = network?.nodes.map(({ name }) => name) ?? [];
  for (const [select, first] of [
    [from, names[0]],
    [to, names.at(-1)],
  ] as const) {
    if (select.options.length === names.length) continue;
    select.replaceChildren(...names.map((name) => new Option(name, name)));
    select.value = first ?? "";
  }
}

function draw(): void {
  drawState();
  if (network === undefined) return;
  suppose.follow(network);
  show(find("map"), mapParts(network, pair));
  show(find("pair"), pair === undefined ? [text("p", word("none"))] : pairParts(pair));
  show(find("links"), linksParts(network, order, { having: having.value, most: MOST_LINKS }));
  show(find("decisions"), decisionParts(network));
  show(find("changes"), changeParts(changes, network.isSimulated));
}

function drawState(): void {
  const time =
    network === undefined ? "" : network.isSimulated ? ` ${(network.atMs / 1000).toFixed(0)} s` : "";
  const live = network?.isSimulated === true ? word("simulated") : word("live");
  const shown = state === "live" && network?.isOld === true ? "silent" : state;
  find("state").textContent = shown === "live" ? live + time : word(shown);
  find("state").classList.toggle("lost", shown !== "live");
}

function drawWords(): void {
  document.documentElement.lang = language();
  for (const each of document.querySelectorAll<HTMLElement>("[data-word]"))
    each.textContent = word(each.dataset["word"] as Word);
  find("language").textContent = language() === "en" ? "中文" : "English";
  find("language").lang = language() === "en" ? "zh" : "en";
  find("scheme").textContent = word(isDark() ? "light" : "dark");
  past.draw();
  suppose.draw();
  draw();
}

const isDark = (): boolean =>
  (document.documentElement.dataset["scheme"] ??
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

for (const select of [from, to]) select.addEventListener("change", () => void refresh());
having.addEventListener("input", () => draw());
find("links").addEventListener("click", ({ target }) => {
  const column = COLUMNS.find((each) => target instanceof Element && target.id === `by-${each}`);
  if (column === undefined) return;
  order = { column, isDescending: order.column === column && !order.isDescending };
  draw();
});
find("language").addEventListener("click", () => {
  speak(language() === "en" ? "zh-CN" : "en");
  localStorage.setItem("language", language());
  drawWords();
});
find("scheme").addEventListener("click", () => {
  const scheme = isDark() ? "light" : "dark";
  document.documentElement.dataset["scheme"] = scheme;
  localStorage.setItem("scheme", scheme);
  drawWords();
});
const scheme = localStorage.getItem("scheme");
if (scheme !== null) document.documentElement.dataset["scheme"] = scheme;
speak(localStorage.getItem("language") ?? navigator.language);
void begin();
