// `tofro graph`: the plan as a picture.
import { Command } from "@commander-js/extra-typings";
import { Graphviz } from "@hpcc-js/wasm-graphviz";
import { writeAtomic } from "../files/atomic.ts";
import { dot, engineFor, withFallbackFonts } from "../render/graph.ts";
import type { Io } from "./io.ts";
import { loadPlan, networkOptions } from "./load.ts";

export const graphCommand = (io: Io) =>
  networkOptions(new Command("graph"))
    .description("draw the plan as SVG: nodes, forwarders, each named direction in its own colour")
    .option("-o, --output <file>", "write the SVG to a file instead of stdout")
    .option("--json", "{ dot, svg }: Graphviz text and picture")
    .action(async (options) => {
      const plan = await loadPlan(options, io);
      const text = dot(plan);
      const graphviz = await Graphviz.load();
      const svg = withFallbackFonts(graphviz.layout(text, "svg", engineFor(plan)));
      if (options.output !== undefined) await writeAtomic(options.output, svg, 0o644);
      if (options.json === true) io.stdout(`${JSON.stringify({ dot: text, svg }, undefined, 2)}\n`);
      else if (options.output === undefined) io.stdout(svg);
    });
