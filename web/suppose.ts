// "What if" as parts: what is supposed, and what would be otherwise.
import type { ChangedLink, LinkNow, SupposedNow, SupposedPair, Supposition } from "../src/controller/wire.ts";
import { ms, pathText, percent, signedMs } from "./figures.ts";
import { nameOf } from "./parts.ts";
import { part, text, type Part } from "./tree.ts";
import { word } from "./words.ts";

type SupposedLink = Supposition["links"][number];

/** A button's id is `drop-` and its place: links first, then nodes. */
export function suppositionParts({ links, nodes }: Supposition, known: readonly LinkNow[]): Part[] {
  const lines = [
    ...links.map((each) => `${linkName(each, known)}: ${changeText(each)}`),
    ...nodes.map((each) => `${each}: ${word("dead")}`),
  ];
  return lines.map((line, index) =>
    part(
      "li",
      {},
      `${line} `,
      part(
        "button",
        { id: `drop-${index}`, type: "button", "aria-label": `${word("drop")}: ${line}` },
        word("drop"),
      ),
    ),
  );
}

function linkName({ tunnel, from }: SupposedLink, known: readonly LinkNow[]): string {
  const link = known.find((each) => each.tunnel === tunnel && each.from === from);
  return link === undefined ? tunnel : nameOf(link);
}

const changeText = ({ moreMs, loss, isDown }: SupposedLink): string =>
  isDown === true
    ? word("down")
    : [
        ...(moreMs === undefined ? [] : [`${signedMs(moreMs)} ${word("delay")}`]),
        ...(loss === undefined ? [] : [`${percent(loss)} ${word("loss")}`]),
      ].join(", ");

/** What is not as it was, of the links below the tunnels. */
export const changedParts = (changed: readonly ChangedLink[]): Part[] =>
  changed.map(({ from, over, to, was, is }) =>
    text(
      "li",
      `${pathText([from, ...(over === undefined ? [] : [`[${over}]`]), to])}: ${word("delay")} ${ms(was.delayMs)} → ${ms(is.delayMs)}, ${word("loss")} ${percent(was.loss)} → ${percent(is.loss)}`,
    ),
  );

/** In a sentence, for who hears it as well. */
export function outcomeText(said: SupposedNow | undefined): string {
  if (said === undefined) return word("impossible");
  if (said.isUnled === true) return word("unled");
  const isMoved = ({ was, is }: SupposedPair): boolean => is.length > 0 && was.join() !== is.join();
  const cut = said.pairs.filter(({ is }) => is.length === 0).length;
  const moved = said.pairs.filter(isMoved).length;
  return [
    `${word("moving")}: ${moved}`,
    `${word("cut")}: ${cut}`,
    `${word("staying")}: ${said.pairs.length - moved - cut}`,
    ...(said.untold > 0 ? [`${word("untold")}: ${said.untold}`] : []),
    ...(said.isSettled ? [] : [word("unsettled")]),
  ].join("; ");
}

export function outcomeTable({ pairs }: SupposedNow): Part {
  const heads = [word("pair"), word("now"), word("ifSo"), word("delay"), word("loss"), word("when")];
  return part(
    "table",
    {},
    part("thead", {}, part("tr", {}, ...heads.map((each) => part("th", { scope: "col" }, each)))),
    part("tbody", {}, ...pairs.map(row)),
  );
}

function row({ from, to, was, is, moreDelayMs, wasLoss, loss, ...rest }: SupposedPair): Part {
  const isMoved = was.join() !== is.join();
  const cells = [
    pathText(was),
    isMoved ? pathText(is) : word("same"),
    signedMs(moreDelayMs),
    `${percent(wasLoss)} → ${percent(loss)}`,
    isMoved ? whenText(rest) : "",
  ];
  const kind = is.length === 0 ? { class: "cut" } : {};
  return part(
    "tr",
    kind,
    part("th", { scope: "row" }, `${from} ⇒ ${to}`),
    ...cells.map((each) => text("td", each)),
  );
}

function whenText({ afterMs, reason, isAnyway, stayMoreCostMs }: Partial<SupposedPair>): string {
  return [
    ...(afterMs === undefined
      ? []
      : [afterMs === 0 ? word("atOnce") : `${word("after")} ${(afterMs / 1000).toFixed(1)} s`]),
    ...(reason === undefined ? [] : [word(reason)]),
    ...(stayMoreCostMs === undefined ? [] : [`${word("stay")} ${signedMs(stayMoreCostMs)}`]),
    ...(isAnyway === true ? [word("anyway")] : []),
  ].join("; ");
}
