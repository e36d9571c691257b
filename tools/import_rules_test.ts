import assert from "node:assert/strict";
import { importFaults } from "./import_rules.ts";
import { sourceFiles } from "./check.ts";

Deno.test("every import of the repository points in the planned direction", () => {
  const root = new URL("..", import.meta.url).pathname;
  const faults = [...sourceFiles()].flatMap((f) =>
    importFaults(f, Deno.readTextFileSync(root + f))
  );
  assert.deepEqual(faults, []);
});

Deno.test("importFaults() refuses an import against the direction and names both rooms", () => {
  const source = `import { x } from "../../server/app.ts";\nimport y from "../math/rng.ts";\n`;
  assert.deepEqual(importFaults("lib/data/bars.ts", source), [{
    file: "lib/data/bars.ts",
    line: 1,
    specifier: "../../server/app.ts",
    reason: "lib/data may not import server",
  }]);
});

Deno.test("importFaults() lets the ui have the type of the app, never its value", () => {
  const type = `import type { AppType } from "../server/app.ts";`;
  const value = `import { createApp } from "../server/app.ts";`;
  assert.equal(importFaults("ui/api.ts", type).length, 0);
  assert.equal(importFaults("ui/api.ts", value).length, 1);
});

Deno.test("importFaults() refuses what npm cannot give and skips examples in doc comments", () => {
  assert.equal(importFaults("lib/math/a.ts", `import "${"jsr:"}@std/assert";`).length, 1);
  assert.equal(importFaults("lib/math/a.ts", `import("${"https:"}//x.test/a.ts")`).length, 1);
  assert.equal(importFaults("lib/math/a.ts", `/**\n import "../../server/app.ts";\n*/`).length, 0);
});
