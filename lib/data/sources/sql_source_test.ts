import assert from "node:assert/strict";
import { testWith } from "../../../tests/support/components.ts";
import { createTestDatabase } from "../../../tests/support/postgres.ts";
import {
  barFields,
  fingerprintBars,
  sampleBars,
  sliceBars,
  SourceError,
  sqlSource,
} from "../mod.ts";
import { DataError } from "../data_error.ts";

testWith("postgres", "a table of bars is read page by page, whatever its time column", async () => {
  const bars = sliceBars(await sampleBars(), 0, 700);
  const database = await createTestDatabase();
  const { default: postgres } = await import("postgres");
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    const types = {
      date: "date",
      timestamp: "timestamp",
      timestamptz: "timestamptz",
      bigint: "bigint",
    };
    for (const [table, type] of Object.entries(types)) {
      await sql.unsafe(
        `create table "t_${table}" (symbol text, timeframe text, "time" ${type}, open numeric, high float8, low float8, close float8, volume bigint)`,
      );
      const rows = Array.from({ length: bars.length }, (_, i) => ({
        symbol: "SPX",
        timeframe: "1d",
        time: type === "bigint" ? bars.time[i] : new Date(bars.time[i]).toISOString(),
        ...Object.fromEntries(barFields.map((f) => [f, bars[f][i]])),
      }));
      await sql`insert into ${sql(`t_${table}`)} ${sql(rows as never)}`;
      const source = sqlSource({ url: database.url, table: `t_${table}`, pageRows: 300 });
      const read = await source.bars({ symbol: "SPX", timeframe: "1d" });
      assert.equal(await fingerprintBars(read), await fingerprintBars(bars), table);
      const range = { from: bars.time[10], to: bars.time[19] };
      assert.equal((await source.bars({ symbol: "SPX", timeframe: "1d", ...range })).length, 10);
      assert.equal(
        (await Array.fromAsync(source.pages({ symbol: "SPX", timeframe: "1d" }))).length,
        3,
      );
    }
    const fault = (name: string) => (e: unknown) => e instanceof SourceError && e.fault === name;
    const query = { symbol: "SPX", timeframe: "1d" };
    const from = (table: string, url = database.url) => sqlSource({ url, table }).bars(query);
    await assert.rejects(from("nowhere"), fault("schema-changed"));
    await assert.rejects(
      sqlSource({ url: database.url, table: "t_date" }).bars({ ...query, symbol: "X" }),
      fault("unknown-symbol"),
    );
    const closed = "postgres://me:s3cret-word@127.0.0.1:1/none";
    await assert.rejects(
      from("t_date", closed),
      (e: unknown) => fault("unavailable")(e) && !(e as Error).message.includes("s3cret-word"),
    );
    await sql`update t_date set high = low - 1 where time = ${new Date(bars.time[4])}`;
    await assert.rejects(
      from("t_date"),
      (e: unknown) => e instanceof DataError && e.fault === "high-below-low" && e.row === 5,
    );
  } finally {
    await sql.end();
    await database.drop();
  }
});
