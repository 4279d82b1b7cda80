// What a machine said before a measurement.

export interface Survey {
  readonly isRoot: boolean;
  readonly missing: readonly string[];
  /** Who measures there. */
  readonly holder?: string;
  /** A measurement whose watcher was killed; it goes when the next one begins. */
  readonly leftBehind: boolean;
  /** Path of a Node.js that can run the prober. */
  readonly node?: string;
  /** Version of the newest that cannot, when none can. */
  readonly tooOld?: string;
  /** UDP ports that are taken, on whatever address. */
  readonly busy: ReadonlySet<number>;
}

/** The first with worker threads, ES modules and all else as the prober uses them, that Debian and Ubuntu still ship. */
const NODE_VERSION = 20;

export function parseSurvey(output: string): Survey {
  const rows = output.split("\n").map((line) => line.split(" "));
  const of = (what: string): string[][] =>
    rows.filter(([first]) => first === what).map(([, ...rest]) => rest);
  const nodes = of("node").map(([version = "", ...path]) => ({ version, path: path.join(" ") }));
  const good = nodes.find(({ version }) => Number.parseInt(version, 10) >= NODE_VERSION);
  const [holder] = of("held");
  return {
    isRoot: of("user")[0]?.[0] === "0",
    missing: of("missing").flat(),
    busy: new Set(of("busy").map(([port = ""]) => Number.parseInt(port, 16))),
    leftBehind: of("left").length > 0,
    ...(holder === undefined ? {} : { holder: holder.join(" ") }),
    ...(good === undefined ? {} : { node: good.path }),
    ...(good !== undefined || nodes[0] === undefined ? {} : { tooOld: nodes[0].version }),
  };
}
