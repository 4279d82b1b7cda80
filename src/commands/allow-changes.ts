// `--allow-changes`: where there is a page, and links of a lab or a simulation that it could change.
import { TofroError } from "../core/error.ts";

interface Flags {
  readonly allowChanges?: true | undefined;
  readonly web?: true | undefined;
}

/** Throws "usage" when changes are allowed to a page that there is not. */
export function needsWeb({ web, allowChanges }: Flags): void {
  if (allowChanges !== true || web === true) return;
  throw new TofroError("Cannot allow changes: a page makes them, so add --web", { kind: "usage" });
}

/** The lab whose links may be changed. Throws "usage" when it is not a lab that is shown. */
export function changingLab(options: Flags & { readonly lab?: string | undefined }): string | undefined {
  if (options.allowChanges !== true) return undefined;
  if (options.lab !== undefined) return options.lab;
  const message =
    "Cannot allow changes: the page changes links of a lab (--lab NAME) and nothing on machines, which `tofro apply` does";
  throw new TofroError(message, { kind: "usage" });
}
