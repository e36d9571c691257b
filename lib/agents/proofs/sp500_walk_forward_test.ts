import assert from "node:assert/strict";
import fixture from "../testdata/proof_sp500.json" with { type: "json" };
import { renderDrawing, renderTable, type Sp500Proof } from "./sp500_table.ts";
import { plan, proveSp500 } from "./sp500_walk_forward.ts";

const proof = fixture as unknown as Sp500Proof;

Deno.test("the table and the drawing of the documentation are made from the committed proof", async () => {
  const root = new URL("../../../docs/", import.meta.url);
  const page = await Deno.readTextFile(new URL("agents.md", root));
  assert.ok(page.includes(renderTable(proof)));
  assert.equal(
    await Deno.readTextFile(new URL("images/agents_sp500.svg", root)),
    renderDrawing(proof),
  );
  assert.deepEqual(proof.plan, JSON.parse(JSON.stringify(plan)));
  assert.equal(proof.rows.length, 4 * 5 + 2);
  assert.equal(proof.trials, proof.rows.length);
});

Deno.test("a shortened S&P 500 walk-forward runs through, and begins where the committed one does", async () => {
  const { rows, trials, from } = await proveSp500([0], { length: 1900, totalSteps: 512 });
  assert.deepEqual(rows.map((r) => r.strategy), [
    "ppo",
    "a2c",
    "a3c",
    "ensemble",
    "buy and hold",
    "momentum",
  ]);
  assert.equal(trials, 6);
  assert.equal(from, proof.from);
  for (const row of rows) {
    assert.ok(row.exposure >= 0 && row.exposure <= 1);
    assert.ok(row.deflatedSharpe >= 0 && row.deflatedSharpe <= 1 || Number.isNaN(row.sharpe));
  }
});
