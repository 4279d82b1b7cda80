// What else happened, for people: applies are few and matter long, links that flap are many.
import type { ChangeRecord, HistoryReader } from "./history-types.ts";

/** Of those that the history keeps, and of each kind that is told. */
const LOOKED = 5_000;
const TOLD = 50;

/** The latest first. */
export function changesOf(reader: HistoryReader): ChangeRecord[] {
  const isApply = ({ kind }: ChangeRecord): boolean => kind === "apply" || kind === "rollback";
  const all = reader.changes(LOOKED);
  const told = new Set([
    ...all.filter(isApply).slice(0, TOLD),
    ...all.filter((each) => !isApply(each)).slice(0, TOLD),
  ]);
  return all.filter((each) => told.has(each));
}
