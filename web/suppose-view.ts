// Where the page asks "what if": gathers what is supposed, and shows what the controller's chooser would make of it. Where changes
// are allowed it has what is supposed made true, and put back.
import type { LinkNow, NetworkNow, SupposedNow, Supposition } from "../src/controller/wire.ts";
import { show } from "./document.ts";
import { ms } from "./figures.ts";
import { find, json, post } from "./page.ts";
import { nameOf } from "./parts.ts";
import { changedParts, outcomeTable, outcomeText, suppositionParts } from "./suppose.ts";
import { word, type Word } from "./words.ts";

const select = (id: string): HTMLSelectElement => find(id) as HTMLSelectElement;
const input = (id: string): HTMLInputElement => find(id) as HTMLInputElement;

export class SupposeView {
  #network: NetworkNow | undefined;
  #what: Supposition = { links: [], nodes: [] };
  /** "none": nothing is supposed. */
  #said: SupposedNow | undefined | "none" = "none";
  /** How the last change went. */
  #change: Word | undefined;

  constructor() {
    find("suppose-link").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#addLink();
    });
    find("suppose-node").addEventListener("submit", (event) => {
      event.preventDefault();
      const name = select("which-node").value;
      if (name !== "") this.#suppose({ ...this.#what, nodes: [...new Set([...this.#what.nodes, name])] });
    });
    find("supposed").addEventListener("click", ({ target }) => {
      if (target instanceof Element && target.id.startsWith("drop-")) this.#drop(Number(target.id.slice(5)));
    });
    select("which-link").addEventListener("change", () => this.#drawPresent());
    find("change").addEventListener("click", () => void this.#makeTrue());
    find("restore").addEventListener("click", () => void this.#ask("restore", {}));
  }

  follow(network: NetworkNow): void {
    this.#network = network;
    options(
      select("which-link"),
      network.links.map((link) => [keyOf(link), nameOf(link)]),
    );
    options(
      select("which-node"),
      network.nodes.map(({ name }) => [name, name]),
    );
    this.#drawPresent();
    find("changing").hidden = network.changed === undefined;
    show(find("changed"), changedParts(network.changed ?? []));
  }

  draw(): void {
    const { links } = this.#network ?? { links: [] };
    show(find("supposed"), suppositionParts(this.#what, links));
    const said = this.#said;
    find("supposed-state").textContent = said === "none" ? "" : outcomeText(said);
    const isTable = said !== "none" && said !== undefined && said.pairs.length > 0;
    show(find("supposed-pairs"), isTable ? [outcomeTable(said)] : []);
    find("supposed-pairs").hidden = !isTable;
    find("change-state").textContent = this.#change === undefined ? "" : word(this.#change);
  }

  /** What the chosen link has now, where one writes what it might have. */
  #drawPresent(): void {
    const link = this.#chosen();
    input("new-delay").placeholder = link?.delay?.typicalMs.toFixed(1) ?? "";
    input("new-loss").placeholder = link?.loss === undefined ? "" : (100 * link.loss).toFixed(1);
    // Without a figure there is nothing that could be otherwise.
    for (const id of ["new-delay", "new-loss"]) input(id).disabled = link?.delay === undefined || link.isDown;
    input("new-delay").title = link?.delay === undefined ? "" : `${word("now")}: ${ms(link.delay.typicalMs)}`;
  }

  #chosen(): LinkNow | undefined {
    const key = select("which-link").value;
    return this.#network?.links.find((each) => keyOf(each) === key);
  }

  #addLink(): void {
    const link = this.#chosen();
    const [delay, loss, down] = [input("new-delay"), input("new-loss"), input("new-down")];
    if (link === undefined || (delay.value === "" && loss.value === "" && !down.checked)) return;
    const { tunnel, from } = link;
    const change = {
      tunnel,
      from,
      ...(delay.value !== "" && link.delay && { moreMs: delay.valueAsNumber - link.delay.typicalMs }),
      ...(loss.value !== "" && { loss: loss.valueAsNumber / 100 }),
      ...(down.checked && { isDown: true }),
    };
    const others = this.#what.links.filter((each) => each.tunnel !== tunnel || each.from !== from);
    [delay.value, loss.value, down.checked] = ["", "", false];
    this.#suppose({ ...this.#what, links: [...others, change] });
  }

  #drop(index: number): void {
    const { links, nodes } = this.#what;
    this.#suppose({
      links: links.filter((_, place) => place !== index),
      nodes: nodes.filter((_, place) => place !== index - links.length),
    });
    // Its button is gone, or another one's.
    (document.getElementById(`drop-${index}`) ?? select("which-link")).focus();
  }

  #suppose(what: Supposition): void {
    this.#what = what;
    this.#change = undefined;
    this.draw();
    void this.#wonder(what);
  }

  async #makeTrue(): Promise<void> {
    const what = this.#what;
    if (isNothing(what)) {
      this.#change = "nothing";
      return this.draw();
    }
    // What is true is not supposed any more, or it would count twice.
    if (!(await this.#ask("change", what)) || what !== this.#what) return;
    this.#suppose({ links: [], nodes: [] });
    this.#change = "done";
    this.draw();
  }

  async #ask(what: "change" | "restore", body: object): Promise<boolean> {
    const isDone = await post(what, body);
    this.#change = isDone ? "done" : "undone";
    this.draw();
    return isDone;
  }

  async #wonder(what: Supposition): Promise<void> {
    const said = isNothing(what)
      ? ("none" as const)
      : await json<SupposedNow>("suppose", { what: JSON.stringify(what) });
    if (what !== this.#what) return;
    this.#said = said === "lost" ? undefined : said;
    this.draw();
  }
}

const isNothing = ({ links, nodes }: Supposition): boolean => links.length === 0 && nodes.length === 0;
const keyOf = ({ tunnel, from }: LinkNow): string => `${from} ${tunnel}`;

/** Keeps what is chosen as long as it is there. */
function options(chooser: HTMLSelectElement, all: readonly (readonly [string, string])[]): void {
  const isSame =
    chooser.options.length === all.length && all.every(([key], at) => chooser.options[at]!.value === key);
  if (isSame) return;
  const { value } = chooser;
  chooser.replaceChildren(...all.map(([key, name]) => new Option(name, key)));
  if (all.some(([key]) => key === value)) chooser.value = value;
}
