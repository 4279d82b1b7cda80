// Chaos among 200 nodes, the even seeds: see chaos-large.fixture.ts.
import { describe } from "vitest";
import { testLarge } from "./chaos-large.fixture.ts";

describe("chaos", () => testLarge(0));
