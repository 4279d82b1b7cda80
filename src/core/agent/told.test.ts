import { expect, it } from "vitest";
import { parseTold } from "./told.ts";

const choice = { epoch: 3, trees: [[-1, 1]], paths: [[1, [0]]], dead: [] };
const link = { tunnel: "a - b", from: "a", condition: "up", forMs: 10 };
const figures = {
  life: 7,
  samples: 100,
  rawMs: -4e5,
  boundMs: -4e5,
  jitterMs: 1,
  losses: [{ windowMs: 60_000, sent: 5, lost: 1 }],
};
const status = {
  node: "b",
  life: 9,
  controller: { isConnected: false },
  keeper: { repairs: 0 },
  links: [link],
};

it("takes what it knows of an answer, and leaves the rest", () => {
  const told = parseTold({ ...choice, status: { ...status, links: [{ ...link, ...figures }] } });
  const { samples: _samples, ...known } = figures;
  expect(told!.choice).toEqual(choice);
  expect(told!.status!.links).toEqual([{ ...link, ...known }]);
});

it("takes the choice alone of an agent that tells no more, or tells it in another way", () => {
  expect(parseTold(choice)).toEqual({ choice });
  expect(parseTold({ ...choice, status: { ...status, links: [{ ...link, condition: "asleep" }] } })).toEqual({
    choice,
  });
  expect(parseTold({ status })).toBeUndefined();
});
