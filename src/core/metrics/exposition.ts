// Prometheus' text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats).
import { FAMILIES, type FamilyName } from "./families.ts";

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export interface Metric {
  readonly name: FamilyName;
  readonly labels?: Readonly<Record<string, string>>;
  /** Undefined: not known, and left out. */
  readonly value: number | undefined;
}

/** Metrics of one name are put together, under their help and type, in the order of the families. */
export function exposition(metrics: readonly Metric[]): string {
  const byName = Map.groupBy(
    metrics.filter(({ value }) => value !== undefined),
    ({ name }) => name,
  );
  return Object.entries(FAMILIES)
    .map(([name, { help, type }]) => {
      const own = byName.get(name as FamilyName);
      if (own === undefined) return "";
      const head = `# HELP ${name} ${escaped(help, /[\\\n]/g)}\n# TYPE ${name} ${type}\n`;
      return head + own.map(line).join("");
    })
    .join("");
}

function line({ name, labels = {}, value }: Metric): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text, /[\\\n"]/g)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${numberText(value!)}\n`;
}

const escaped = (text: string, what: RegExp): string =>
  text.replaceAll(what, (each) => (each === "\n" ? "\\n" : `\\${each}`));

/** As Go's ParseFloat reads it. */
function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

/** Without what floating point adds. */
export const seconds = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : Number((ms / 1000).toPrecision(9));
