// A host that gives no secret away: scripts with keys go to its shell, and a shell may echo what it was given.
import { TofroError } from "../core/error.ts";
import type { Secrets } from "../core/secrets.ts";
import type { Host } from "./command.ts";

/** The same host; keys are cut out of all that its commands print, and out of its errors. */
export function discreet(host: Host, secrets: Secrets): Host {
  const keys = [...secrets.privateKeys.values(), ...secrets.presharedKeys.values()];
  const clean = (text: string): string => {
    let cleaned = text;
    for (const key of keys) cleaned = cleaned.replaceAll(key, "(secret)");
    return cleaned;
  };
  const guard = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof TofroError)) throw error;
      const { detail } = error;
      // Without the cause: it would say it all again.
      throw new TofroError(
        clean(error.message),
        detail.kind === "command" ? { ...detail, stderr: clean(detail.stderr) } : detail,
      );
    }
  };
  return {
    name: host.name,
    async run(argv, options) {
      const { code, stdout, stderr } = await guard(host.run(argv, options));
      return { code, stdout: clean(stdout), stderr: clean(stderr) };
    },
    writeFile: (path, text, mode) => guard(host.writeFile(path, text, mode)),
  };
}
