// Chaos among 200 nodes, the odd seeds: see chaos-large.fixture.ts.
import { describe } from "vitest";
import { testLarge } from "./chaos-large.fixture.ts";

describe("chaos", () => testLarge(1));
