// The main job, shown: both classic set-ups in the lab, everything direct and then each direction its own way, measured.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { columns } from "../src/commands/columns.ts";
import { formatDiagnostic, TofroError } from "../src/core/error.ts";
import { down, labHost, up } from "../src/lab/lab.ts";
import { loadLab } from "../src/lab/load.ts";
import { prepareOverlay } from "../src/lab/overlay.ts";
import { judge, rows } from "./report.ts";
import { portForward, threeNodes, type SetUp, type Seen } from "./set-ups.ts";

const EXAMPLES = join(import.meta.dirname, "..", "examples");

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "tofro-demo-"));
  const labs: string[] = [];
  let stopped = false;
  const stop = (): void => {
    stopped = true;
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    cpSync(EXAMPLES, folder, { recursive: true });
    let failures = 0;
    for (const setUp of [threeNodes, portForward]) {
      if (stopped) break;
      process.stderr.write(`${setUp.example}: building two labs, measuring for some seconds ...\n`);
      const seen = await Promise.all(
        (["direct", "tofro"] as const).map((kind) => observe(setUp, kind, folder, labs)),
      );
      const [before, after] = [seen[0]!, seen[1]!];
      process.stdout.write(`\n${setUp.example}: ${setUp.title}\n`);
      process.stdout.write(columns(rows(setUp, before, after), "  "));
      const wrong = judge(setUp, before, after);
      for (const line of wrong) process.stdout.write(`  NOT SO: ${line}\n`);
      failures += wrong.length;
    }
    process.stdout.write(
      failures === 0 && !stopped
        ? "\nBoth set-ups do what their files say, seen on the wire.\n"
        : `\n${stopped ? "Interrupted" : `${failures} of the claims are not so`}.\n`,
    );
    return failures === 0 && !stopped ? 0 : 1;
  } finally {
    for (const lab of labs) await down(lab);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Brings a set-up up in a lab of its own, looks, and takes it down. */
async function observe(
  setUp: SetUp,
  kind: "direct" | "tofro",
  folder: string,
  labs: string[],
): Promise<Seen> {
  const name = `demo-${process.pid}-${setUp.example}-${kind}`;
  const file = join(folder, setUp.example, "lab.yaml");
  const labFile = kind === "direct" ? directVariant(file) : file;
  const { lab, spec } = await loadLab(labFile);
  const overlay = await prepareOverlay(join(dirname(labFile), lab.network.value));
  labs.push(name);
  await up({ lab, spec, name, forwarders: overlay.forwarders, overlay: overlay.bringUp });
  const seen = await setUp.look((host) => labHost(name, host), kind);
  await down(name);
  return seen;
}

/** The same underlay under a network in which everything goes directly. */
function directVariant(labFile: string): string {
  const folder = dirname(labFile);
  const network = readFileSync(join(folder, "tofro.yaml"), "utf8");
  const ends = network.match(/paths:\n {2}- (\w+) .*-> (\w+)/)!;
  writeFileSync(
    join(folder, "direct.yaml"),
    `${network.replace(/paths:[\s\S]*/, "")}paths:\n  - ${ends[1]} <-> ${ends[2]}\n`,
  );
  const direct = join(folder, "direct-lab.yaml");
  writeFileSync(direct, readFileSync(labFile, "utf8").replace("./tofro.yaml", "./direct.yaml"));
  return direct;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof TofroError)) throw error;
  const lines =
    error.detail.kind === "input" ? error.detail.diagnostics.map(formatDiagnostic) : [error.message];
  process.stderr.write(`tofro: ${lines.join("\n")}\n`);
  process.exitCode = error.exitCode;
}
