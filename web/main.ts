// The page: signs in, listens, and draws what it hears.
import type { NetworkNow, PairNow } from "../src/controller/wire.ts";
import { drawMap } from "./map.ts";
import { decisionParts, linksTable, node, pairParts } from "./parts.ts";
import { language, switchLanguage, word } from "./words.ts";

const at = (id: string): HTMLElement => document.querySelector<HTMLElement>(`#${id}`)!;
const [from, to] = [at("from") as HTMLSelectElement, at("to") as HTMLSelectElement];
const map = document.querySelector<SVGElement>("#map")!;
let network: NetworkNow | undefined;
let pair: PairNow | undefined;
let state: "live" | "lost" | "denied" = "live";

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
  if (from.value !== "" && to.value !== "" && from.value !== to.value) {
    const asked = `${from.value} ${to.value}`;
    const query = new URLSearchParams({ from: from.value, to: to.value });
    const answer = await fetch(`/api/pair?${query}`).catch(() => undefined);
    const said = answer?.ok === true ? ((await answer.json()) as PairNow) : undefined;
    // A later choice has its own answer.
    if (asked === `${from.value} ${to.value}` && answer !== undefined) pair = said;
  } else pair = undefined;
  draw();
}

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
  drawMap(map, network, pair);
  at("pair").replaceChildren(...(pair === undefined ? [node("p", word("none"))] : pairParts(pair)));
  const focused = document.activeElement?.id;
  at("links").replaceChildren(linksTable(network, draw));
  // A button that had the keyboard is a new one now.
  if (focused?.startsWith("by-") === true) document.getElementById(focused)?.focus();
  at("decisions").replaceChildren(...decisionParts(network));
}

function drawState(): void {
  const time =
    network === undefined ? "" : network.isSimulated ? ` ${(network.atMs / 1000).toFixed(0)} s` : "";
  const live = network?.isSimulated === true ? word("simulated") : word("live");
  const shown = state === "live" && network?.isOld === true ? "silent" : state;
  at("state").textContent = shown === "live" ? live + time : word(shown);
  at("state").classList.toggle("lost", shown !== "live");
}

function drawWords(): void {
  document.documentElement.lang = language();
  for (const key of ["map", "pair", "links"] as const) at(`${key}-title`).textContent = word(key);
  at("decisions-title").textContent = word("changes");
  at("from-label").textContent = word("from");
  at("to-label").textContent = word("to");
  at("legend").textContent = word("legend");
  at("language").textContent = language() === "en" ? "中文" : "English";
  at("language").lang = language() === "en" ? "zh" : "en";
  at("scheme").textContent = word(isDark() ? "light" : "dark");
  draw();
}

const isDark = (): boolean =>
  (document.documentElement.dataset["scheme"] ??
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

for (const select of [from, to]) select.addEventListener("change", () => void refresh());
at("language").addEventListener("click", () => {
  switchLanguage();
  drawWords();
});
at("scheme").addEventListener("click", () => {
  const scheme = isDark() ? "light" : "dark";
  document.documentElement.dataset["scheme"] = scheme;
  localStorage.setItem("scheme", scheme);
  drawWords();
});
const scheme = localStorage.getItem("scheme");
if (scheme !== null) document.documentElement.dataset["scheme"] = scheme;
void begin();
