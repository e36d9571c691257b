import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { realityCheck } from "./reality_check.ts";
import { createRng } from "../math/mod.ts";

interface SpaCase {
  name: string;
  returns: number[][];
  lower: number;
  consistent: number;
  upper: number;
}
const { spa } = JSON.parse(
  readFileSync(new URL("./testdata/validation_fixtures.json", import.meta.url), "utf8"),
) as { spa: SpaCase[] };

for (const peer of spa) {
  Deno.test(`realityCheck() gives the SPA p-values of arch 8.0.0 within sampling error (${peer.name})`, () => {
    const result = realityCheck(peer.returns.map((r) => Float64Array.from(r)), {
      samples: 8000,
      blockBars: 6,
      studentize: false,
      seed: 4,
    });
    for (const bound of ["lower", "consistent", "upper"] as const) {
      const p = peer[bound];
      // Three standard errors of both simulations (8,000 and 20,000 resamples).
      const tolerance = 3 * Math.sqrt(p * (1 - p) * (1 / 8000 + 1 / 20_000)) + 2e-4;
      const ours = result.spa[bound];
      assert.ok(Math.abs(ours - p) < tolerance, `${bound}: ${ours}, arch says ${p}`);
    }
    assert.equal(result.realityCheck, result.spa.upper); // the same without studentising
    assert.equal(result.best, peer.name === "none" ? result.best : 2);
  });
}

Deno.test("realityCheck(): the best of 100 lucky strategies is not significant, a real edge is", () => {
  const rng = createRng(6);
  const luck = Array.from({ length: 100 }, () => rng.fillNormal(new Float64Array(500)));
  const none = realityCheck(luck, { samples: 500 });
  assert.ok(none.realityCheck > 0.1 && none.spa.consistent > 0.1, JSON.stringify(none));
  const edge = [...luck, luck[0].map((x) => x + 0.3)];
  const some = realityCheck(edge, { samples: 500 });
  assert.ok(some.realityCheck < 0.02 && some.spa.consistent < 0.02, JSON.stringify(some));
  assert.equal(some.best, 100);
  const same = realityCheck(edge, { samples: 200, benchmark: edge[100] });
  assert.ok(same.spa.consistent > 0.5); // nothing beats the best itself
  assert.throws(() => realityCheck([]), /at least one must be given, got 0/);
});
