import assert from "node:assert/strict";
import { features } from "./mod.ts";

Deno.test("docs/features.md lists every feature with its summary", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/features.md", import.meta.url));
  for (const [kind, { summary }] of Object.entries(features)) {
    assert.ok(page.includes(`| \`${kind}\` | ${summary} |`), kind);
  }
});

Deno.test("at least 40 indicators beside returns, prices and the calendar", () => {
  const others = new Set(["returns", "calendar"]);
  const count = Object.values(features).filter(({ family }) => !others.has(family)).length;
  assert.ok(count >= 40, String(count));
});
