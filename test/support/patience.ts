// How much longer than usual things may take: the processor of the real-kernel lane's virtual machine is emulated.

/** Set in that virtual machine, to the version of its kernel. */
export const kernelLane: string | undefined = process.env["TOFRO_KERNEL_LANE"];

/** For every time that a test waits for something; not for times that it measures. */
export const PATIENCE = kernelLane === undefined ? 1 : 10;

/** Without the largest networks on an emulated processor, for which they take ten minutes and show nothing that smaller ones do not. */
export const withinPatience = <Case extends readonly [name: string, ...rest: unknown[]]>(
  cases: readonly Case[],
): Case[] => cases.filter(([name]) => kernelLane === undefined || !name.startsWith("five-nodes"));

/** For applies: an emulated processor has a minute's work with each. */
export const PATIENT: readonly string[] = ["--timeout", String(60 * PATIENCE)];
