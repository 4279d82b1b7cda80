// A report: the dashboard's pictures as one file, without a script, that asks nobody for anything.
import { localText } from "../../web/scale.ts";
import { mapParts } from "../../web/map.ts";
import { changeParts, decisionParts, linksParts, pairParts } from "../../web/parts.ts";
import { pastParts } from "../../web/past.ts";
import { part, text, type Part } from "../../web/tree.ts";
import { language, speak, word } from "../../web/words.ts";
import type { ChangeNow, NetworkNow, PairNow, PairPast } from "../controller/wire.ts";
import { html } from "./html.ts";

export interface ReportPair {
  readonly from: string;
  readonly to: string;
  readonly now: PairNow;
  readonly past: PairPast;
}

export interface Report {
  readonly fromMs: number;
  readonly toMs: number;
  readonly network: NetworkNow;
  readonly changes: readonly ChangeNow[];
  readonly pairs: readonly ReportPair[];
  /** Measured pairs that it does not have. */
  readonly left: number;
}

/** Of a chart: narrower windows scroll it. */
const WIDTH = 760;
const OWN = `
main { display: block; }
section { margin-bottom: 1rem; break-inside: avoid; }
.wide > .chart { min-width: 640px; }
.list { max-height: none; }
`;

/** `css` is the page's. Words are in the language as `speak` takes it. */
export function reportHtml(report: Report, css: string, spoken: string): string {
  speak(spoken);
  const { network, pairs, left, fromMs, toMs } = report;
  const changes = report.changes.filter(({ atMs }) => atMs >= fromMs);
  const decisions = network.decisions.filter(({ atMs }) => atMs >= fromMs);
  const time = `${localText(fromMs)} – ${localText(toMs)} (${zoneOf(toMs)})`;
  const sections = [
    section(
      "map",
      word("map"),
      part(
        "svg",
        { viewBox: "0 0 800 560", role: "img", "aria-labelledby": "map-title" },
        ...mapParts(network, undefined),
      ),
      part("p", { id: "legend" }, word("legend")),
    ),
    ...pairs.map(({ from, to, now, past }, index) =>
      section(
        `pair-${index}`,
        `${from} ⇄ ${to}`,
        ...pairParts(now),
        scrolled(`past-${index}`, word("past"), ...pastParts(past, WIDTH, false)),
      ),
    ),
    ...(left === 0 ? [] : [part("p", {}, `${word("leftOut")}: ${left}`)]),
    section(
      "links",
      word("links"),
      scrolled(
        "links-all",
        word("links"),
        ...linksParts(network, { column: "link", isDescending: false }, { having: "", most: Infinity }),
      ),
    ),
    section(
      "decisions",
      word("decisions"),
      part("ol", { class: "list" }, ...decisionParts({ ...network, decisions })),
    ),
    section(
      "changes",
      word("changes"),
      part("p", { class: "soft" }, word("whose")),
      part("ol", { class: "list" }, ...changeParts(changes, false)),
    ),
  ];
  const head = part(
    "head",
    {},
    part("meta", { charset: "utf-8" }),
    part("meta", {
      "http-equiv": "Content-Security-Policy",
      content: "default-src 'none'; style-src 'unsafe-inline'",
    }),
    part("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    text("title", `tofro ${time}`),
  );
  const body = part(
    "body",
    {},
    part("header", {}, text("h1", "tofro"), part("p", { class: "soft" }, time)),
    part("main", {}, ...sections.map(unbuttoned)),
  );
  const style = `<style>${css}${OWN}</style>`;
  return `<!doctype html>\n<html lang="${language()}">${html(head).replace("</head>", () => `${style}</head>`)}${html(body)}</html>\n`;
}

const section = (id: string, name: string, ...parts: Part[]): Part =>
  part("section", { "aria-labelledby": `${id}-title` }, part("h2", { id: `${id}-title` }, name), ...parts);

/** The keyboard scrolls it, too. */
const scrolled = (id: string, name: string, ...parts: Part[]): Part =>
  part("div", { id, class: "wide", tabindex: 0, role: "group", "aria-label": `${name} ${id}` }, ...parts);

/** Nothing sorts the table of a file. */
const unbuttoned = (each: Part): Part => ({
  ...each,
  children: each.children.flatMap((child): readonly (Part | string)[] =>
    typeof child === "string" ? [child] : child.name === "button" ? child.children : [unbuttoned(child)],
  ),
});

function zoneOf(atMs: number): string {
  const minutes = -new Date(atMs).getTimezoneOffset();
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return `UTC${minutes < 0 ? "-" : "+"}${two(hours)}:${two(rest)}`;
}
