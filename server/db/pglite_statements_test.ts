import assert from "node:assert/strict";
import { PGlite } from "@electric-sql/pglite";
import { PgliteStatements } from "./pglite_statements.ts";

Deno.test("prepared statements of PGlite", async (t) => {
  const lite = await PGlite.create();
  const statements = new PgliteStatements(lite, { 20: Number });

  await t.step("give the rows that its own query gives", async () => {
    const text = `select i, case when i % 3 = 0 then null else repeat('x', i * i) end as plain,
      repeat('Größe € 😀 ', i) as wide, i % 2 = 0 as even, i / 7.0::float8 as ratio, '' as empty,
      json_build_object('i', i) as doc, array[i, null] as list, 'NaN'::float8 as nan
      from generate_series($1::int, $2::int) i`;
    for (const params of [[1, 400], [3, 3], [2, 1]]) {
      const { rows } = await lite.query(text, params);
      assert.deepEqual(await statements.run(text, params, "object"), rows);
      assert.deepEqual(
        await statements.run(text, params, "array", true),
        rows.map((row) => Object.values(row as object)),
      );
    }
    assert.deepEqual(await statements.run("select 9007199254740991::bigint as n", [], "array"), [[
      9007199254740991,
    ]]);
  });

  await t.step("that fail say why and leave the connection in order", async () => {
    await lite.exec("create table t (n int primary key)");
    const insert = "insert into t values ($1::int)";
    await statements.run(insert, [1], "object");
    for (const replan of [false, true]) {
      await assert.rejects(
        statements.run(insert, [1], "object", replan),
        (error: Error & { code?: string; detail?: string }) =>
          error.code === "23505" && /Key \(n\)=\(1\) already exists/.test(error.detail ?? ""),
      );
      assert.deepEqual(await statements.run("show plan_cache_mode", [], "array"), [["auto"]]);
    }
    assert.deepEqual(await statements.run("select n from t", [], "array"), [[1]]);
  });

  await t.step("are planned for their values where that is asked", async () => {
    const text = "select $1::int as n";
    const plans = async () =>
      (await lite.query(
        `select custom_plans::int as custom, generic_plans::int as generic
         from pg_prepared_statements where statement = '${text}'`,
      )).rows[0];
    // PostgreSQL keeps a plan from the sixth execution on, if it is not told otherwise.
    for (let i = 1; i <= 8; i++) await statements.run(text, [i], "array", true);
    assert.deepEqual(await plans(), { custom: 8, generic: 0 });
    await statements.run(text, [1], "array");
    assert.deepEqual(await plans(), { custom: 8, generic: 1 });
  });

  await lite.close();
});
