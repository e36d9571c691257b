import assert from "node:assert/strict";
import { supportTable, supportTablePath } from "./support_table.ts";
import { kernels } from "./kernels/mod.ts";

Deno.test("the support table in the documentation is what the code makes", () => {
  assert.equal(
    Deno.readTextFileSync(supportTablePath),
    supportTable(),
    "run deno run --allow-read --allow-write --allow-env lib/onnx/support_table.ts",
  );
});

Deno.test("at least the 105 common kernels are translated", () => {
  assert.ok(Object.keys(kernels).length >= 105);
});
