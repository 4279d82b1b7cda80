import { describe, expect, it } from "vitest";
import { jsonSchema } from "./schema.ts";

describe("the JSON Schema", () => {
  const schema = jsonSchema();

  it("describes every key that a user may write", () => {
    const nameless: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== "object" || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        const described = typeof inner === "object" && inner !== null && "description" in inner;
        if (path.endsWith("/properties") && !described) nameless.push(`${path}/${key}`);
        visit(inner, `${path}/${key}`);
      }
    };
    visit(schema, "");
    expect(nameless).toEqual([]);
  });

  it("says what numbers and booleans really are", () => {
    expect(schema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      required: ["overlay", "nodes"],
      additionalProperties: false,
      properties: { mtu: { type: "integer", minimum: 576 }, isolate: { type: "boolean" } },
    });
  });
});
