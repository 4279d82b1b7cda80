// How much longer than usual things may take: the processor of the real-kernel lane's virtual machine is emulated.

/** Set in that virtual machine, to the version of its kernel. */
export const kernelLane: string | undefined = process.env["TOFRO_KERNEL_LANE"];

/** For every time that a test waits for something; not for times that it measures. */
export const PATIENCE = kernelLane === undefined ? 1 : 10;

/** The lane as `npm test` has it on an emulated processor, where everything would take hours. Files that are named run whole. */
export const BRIEF = process.env["TOFRO_KERNEL_BRIEF"] !== undefined;

/** Where it shall be brief, without the largest networks, which take five to ten minutes, and without what the three nodes show, too. */
export const withinPatience = <Case extends readonly [name: string, ...rest: unknown[]]>(
  cases: readonly Case[],
): Case[] => cases.filter(([name]) => !BRIEF || !/^(five-nodes|port-forward|uplinks)/.test(name));

/** Where it shall be brief: without cases of which everything that they show has been shown by those before them. */
export function briefly<Case>(
  cases: readonly Case[],
  shows: (each: Case) => readonly string[],
): readonly Case[] {
  const shown = new Set<string>();
  const isNew = (each: Case): boolean => {
    const before = shown.size;
    for (const name of shows(each)) shown.add(name);
    return shown.size > before;
  };
  return BRIEF ? cases.filter(isNew) : cases;
}

/** For applies: an emulated processor has a minute's work with each. */
export const PATIENT: readonly string[] = ["--timeout", String(60 * PATIENCE)];
