import { expect, it } from "vitest";
import { appliesOf } from "./applies.ts";

it("tells who applied what the machine has noted, and whether it stayed", () => {
  const text = `2026-11-27T08:00:00Z 3f2a stays ops@laptop, process 12, since 2026-11-27T07:59:50.001Z
2026-11-27T09:00:00Z 77aa went back root@b, process 9, since 2026-11-27T08:59:00.000Z
2026-11-27T10:00:00Z 0b0b stays
2026-11-27T11:00:00Z 51d0 stays ops@laptop, process 12, since 2026-11-27T10:59:50.001Z; tunnels +2 ~1 (+a - c, +b - c [hkg]), of later times +3, firewall
something else
`;
  expect(appliesOf(text)).toEqual([
    { atMs: Date.UTC(2026, 10, 27, 8), kind: "apply", who: "ops@laptop", text: "the network was applied" },
    { atMs: Date.UTC(2026, 10, 27, 9), kind: "rollback", who: "root@b", text: "an apply was rolled back" },
    { atMs: Date.UTC(2026, 10, 27, 10), kind: "apply", text: "the network was applied" },
    {
      atMs: Date.UTC(2026, 10, 27, 11),
      kind: "apply",
      who: "ops@laptop",
      text: "the network was applied",
      what: [
        { kind: "tunnels", added: 2, changed: 1, names: ["+a - c", "+b - c [hkg]"] },
        { kind: "firewall" },
      ],
    },
  ]);
});
