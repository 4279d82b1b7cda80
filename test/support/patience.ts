// How much longer than usual things may take: the processor of the real-kernel lane's virtual machine is emulated.

/** Set in that virtual machine, to the version of its kernel. */
export const kernelLane: string | undefined = process.env["TOFRO_KERNEL_LANE"];

/** For every time that a test waits for something; not for times that it measures. */
export const PATIENCE = kernelLane === undefined ? 1 : 10;

/** For applies: an emulated processor has a minute's work with each. */
export const PATIENT: readonly string[] = ["--timeout", String(60 * PATIENCE)];
