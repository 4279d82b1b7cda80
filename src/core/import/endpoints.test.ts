import { describe, expect, it } from "vitest";
import { publicKeyOf } from "../../files/keys.ts";
import { readFolders } from "./read.ts";

const KEYS = [
  "sNiNmDBldHTp7GxfEzkBLZodkYDyAb2HxRFWVNL4DXw=",
  "QOHh4DQIibThHRp4RKhmKwG72P/EXeL/50kDnJW9YF0=",
] as const;

interface Side {
  readonly port: number;
  readonly endpoint: string;
  readonly keepalive: string;
}

/** The endpoints that two machines' dumps leave to each other. */
function endpointsOf(a: Side, b: Side): (string | undefined)[] {
  const folder = (name: string, own: 0 | 1, { port, endpoint, keepalive }: Side) => {
    const [key, peer] = [KEYS[own], publicKeyOf(KEYS[1 - own]!)];
    const lines = `wg\t${key}\t${publicKeyOf(key)}\t${port}\toff\nwg\t${peer}\t(none)\t${endpoint}\t10.0.0.0/8\t0\t0\t0\t${keepalive}\n`;
    return { path: name, name, files: [{ path: `${name}/wg`, text: lines }] };
  };
  const { matched, diagnostics } = readFolders([folder("a", 0, a), folder("b", 1, b)], publicKeyOf);
  expect(diagnostics).toEqual([]);
  const [match] = matched.matches;
  return match!.ends.map(
    ({ peer: { endpoint } }) => endpoint && `${endpoint.value.host}:${endpoint.value.port}`,
  );
}

const A = "203.0.113.1";
const B = "198.51.100.2";

describe("endpoints that wg shows", () => {
  it.each<[string, Side, Side, (string | undefined)[]]>([
    [
      "of two that both dial stay",
      { port: 1000, endpoint: `${B}:2000`, keepalive: "off" },
      { port: 2000, endpoint: `${A}:1000`, keepalive: "off" },
      [`${B}:2000`, `${A}:1000`],
    ],
    [
      "of one without a keepalive are learnt, whatever the port",
      { port: 1000, endpoint: `${B}:2000`, keepalive: "25" },
      { port: 2000, endpoint: `${A}:1000`, keepalive: "off" },
      [`${B}:2000`, undefined],
    ],
    [
      "at a port where nobody listens are learnt from a NAT",
      { port: 1000, endpoint: `${B}:2000`, keepalive: "off" },
      { port: 2000, endpoint: `${A}:40001`, keepalive: "off" },
      [`${B}:2000`, undefined],
    ],
    [
      "of a port forward stay, as the other's is learnt",
      { port: 1000, endpoint: `${B}:14967`, keepalive: "25" },
      { port: 2000, endpoint: `${B}:50000`, keepalive: "off" },
      [`${B}:14967`, undefined],
    ],
    [
      "stay where nobody else dials",
      { port: 1000, endpoint: "(none)", keepalive: "off" },
      { port: 2000, endpoint: `${A}:40001`, keepalive: "off" },
      [undefined, `${A}:40001`],
    ],
    [
      "both behind something stay both",
      { port: 1000, endpoint: `${B}:14967`, keepalive: "25" },
      { port: 2000, endpoint: `${A}:40001`, keepalive: "25" },
      [`${B}:14967`, `${A}:40001`],
    ],
  ])("%s", (_, a, b, expected) => expect(endpointsOf(a, b)).toEqual(expected));
});
