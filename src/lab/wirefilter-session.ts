// wirefilter's management socket: text commands, each answered by `1000 Success` or another number and why.
import { connect } from "node:net";
import type { Socket } from "node:net";
import { TofroError } from "../core/error.ts";

const TIMEOUT_MS = 5000;

/** Sends commands one after another (it reads one at a time); throws TofroError at the first that it refuses. */
export async function command(path: string, lines: readonly string[]): Promise<void> {
  const socket = connect(path);
  socket.setEncoding("utf8").setTimeout(TIMEOUT_MS);
  try {
    await answer(socket, /VDEwf\$ $/);
    for (const line of lines) {
      const reply = answer(socket, /^1\d{3}[^\n]*\n[^]*VDEwf\$ $/m);
      socket.write(`${line}\n`);
      const [, code, why] = /^1(\d{3}) ?(.*)$/m.exec(await reply) ?? [];
      if (code !== "000") throw new Error(`it refuses \`${line}\`: ${why}`);
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TofroError(`Cannot change a wirefilter by ${path}: ${why}`, { kind: "failed" }, cause);
  } finally {
    socket.destroy();
  }
}

function answer(socket: Socket, end: RegExp): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  const onData = (chunk: string): void => {
    text += chunk;
    if (end.test(text)) resolve(text);
  };
  const onTimeout = (): void => reject(new Error(`no answer in ${TIMEOUT_MS} ms`));
  const onClose = (): void => reject(new Error("it closed the session"));
  socket.on("data", onData).once("error", reject).once("timeout", onTimeout).once("close", onClose);
  return promise.finally(() => {
    socket.off("data", onData).off("error", reject).off("timeout", onTimeout).off("close", onClose);
  });
}
