// `tofro schema`: the network file's JSON Schema, for completion in editors.
import { Command } from "@commander-js/extra-typings";
import { jsonSchema } from "../core/schema.ts";
import type { Io } from "./io.ts";

export const schemaCommand = (io: Io) =>
  new Command("schema")
    .description("print the JSON Schema of the network file, for editors")
    .option("--json", "JSON, as it always is")
    .action(() => io.stdout(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`));
