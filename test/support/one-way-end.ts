// One node's end of `OneWay`: `node one-way-end.ts PERIOD_MS HOPS OWN OTHER…`, the last ones addresses in the overlay.
//
// Sends all others a numbered packet every PERIOD_MS until something is said on stdin, and tells at stdin's end what it sent and heard.
import { createSocket } from "node:dgram";
import { nowMs, ONE_WAY_PORT, type EndReport } from "./one-way.ts";

const [period = "", hops = "", own = "", ...others] = process.argv.slice(2);
const periodMs = Number(period);
const sentMs: number[] = [];
const heard = new Map(others.map((each) => [each, new Array<number>()]));
const socket = createSocket("udp4");
socket.on("message", (bytes, { address }) => heard.get(address)?.push(bytes.readUInt32BE(0)));

socket.bind(ONE_WAY_PORT, own, () => {
  socket.setTTL(Number(hops));
  const begunMs = nowMs();
  const send = (): void => {
    // What a busy machine was late with goes at once, and counts as sent now.
    while (sentMs.length * periodMs <= nowMs() - begunMs) {
      const bytes = Buffer.alloc(64);
      bytes.writeUInt32BE(sentMs.length, 0);
      sentMs.push(nowMs());
      // That there is no route is what the others will not hear.
      for (const each of others) socket.send(bytes, ONE_WAY_PORT, each, () => undefined);
    }
  };
  const timer = setInterval(send, periodMs);
  process.stdin.once("data", () => clearInterval(timer));
  process.stdin.once("end", () => {
    const report: EndReport = { sentMs, heard: [...heard] };
    process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit());
  });
  process.stdout.write("begun\n");
});
