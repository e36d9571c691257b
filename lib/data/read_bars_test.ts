import assert from "node:assert/strict";
import { DataError, readBars } from "./mod.ts";
import { sqlText, withDuckDb } from "./duckdb.ts";

async function inFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const header = "date,open,high,low,close,volume";
const good = "2020-01-02,10,12,9,11,100";

/** File content, the fault, row, field and a piece of the message. */
const badFiles: [string, string, string, number | undefined, string | undefined, RegExp][] = [
  ["nothing", "", "empty", undefined, undefined, /header line/],
  ["no rows", header, "empty", undefined, undefined, /at least one row/],
  [
    "no close",
    "date,open,high,low\n2020-01-02,1,2,1",
    "missing-column",
    undefined,
    "close",
    /open, high, low/,
  ],
  ["no time", "open,high,low,close\n1,2,1,1", "missing-column", undefined, "time", /time or date/],
  [
    "a word for a price",
    `${header}\n${good}\n2020-01-03,10,twelve,9,11,1`,
    "not-a-number",
    2,
    "high",
    /got "twelve" in row 2/,
  ],
  [
    "an empty price",
    `${header}\n2020-01-03,10,,9,11,1`,
    "not-a-number",
    1,
    "high",
    /got "" in row 1/,
  ],
  [
    "a thousands separator",
    `${header}\n2020-01-03,10,"1,200",9,11,1`,
    "not-a-number",
    1,
    "high",
    /1,200/,
  ],
  ["hexadecimal", `${header}\n2020-01-03,10,0x1F,9,11,1`, "not-a-number", 1, "high", /0x1F/],
  [
    "an infinite price",
    `${header}\n2020-01-03,10,Infinity,9,11,1`,
    "not-a-number",
    1,
    "high",
    /Infinity/,
  ],
  ["NaN", `${header}\n2020-01-03,NaN,12,9,11,1`, "not-a-number", 1, "open", /NaN/],
  [
    "a word for a volume",
    `${header}\n2020-01-03,10,12,9,11,many`,
    "not-a-number",
    1,
    "volume",
    /many/,
  ],
  [
    "an ambiguous date",
    `${header}\n01/02/2020,10,12,9,11,1`,
    "bad-time",
    1,
    "time",
    /01\/02\/2020/,
  ],
  ["a day that is none", `${header}\n2021-02-29,10,12,9,11,1`, "bad-time", 1, "time", /2021-02-29/],
  [
    "a duplicated time",
    `${header}\n${good}\n${good}`,
    "duplicate-time",
    2,
    "time",
    /must not occur twice, got 2020-01-02 in row 2/,
  ],
  [
    "a step back in time",
    `${header}\n${good}\n2020-01-01,10,12,9,11,1`,
    "out-of-order",
    2,
    "time",
    /after the row before/,
  ],
  ["a negative price", `${header}\n2020-01-03,10,12,-9,11,1`, "negative-price", 1, "low", /got -9/],
  [
    "high below low",
    `${header}\n2020-01-03,10,8,9,11,1`,
    "high-below-low",
    1,
    "high",
    /at least low 9, got 8/,
  ],
  [
    "close above high",
    `${header}\n2020-01-03,10,12,9,13,1`,
    "price-outside-range",
    1,
    "close",
    /\[low 9, high 12\], got 13/,
  ],
  [
    "open below low",
    `${header}\n2020-01-03,8,12,9,11,1`,
    "price-outside-range",
    1,
    "open",
    /got 8/,
  ],
  [
    "a negative volume",
    `${header}\n2020-01-03,10,12,9,11,-1`,
    "negative-volume",
    1,
    "volume",
    /got -1/,
  ],
  [
    "a short row",
    `${header}\n${good}\n2020-01-03,10,12`,
    "wrong-field-count",
    2,
    undefined,
    /6 fields as the header has, got 3/,
  ],
  [
    "an open quote",
    `${header}\n2020-01-03,"10,12,9,11,1`,
    "unreadable",
    1,
    undefined,
    /must be CSV/,
  ],
];

for (const [what, text, fault, row, field, message] of badFiles) {
  Deno.test(`readBars() names the fault, row and field of a CSV file with ${what}`, () =>
    inFolder(async (dir) => {
      const path = `${dir}/bars.csv`;
      await Deno.writeTextFile(path, text);
      await assert.rejects(readBars(path), (error: unknown) => {
        assert.ok(error instanceof DataError, String(error));
        assert.equal(error.fault, fault);
        assert.equal(error.row, row);
        assert.equal(error.field, field);
        assert.match(error.message, message);
        assert.ok(error.message.includes(path));
        return true;
      });
    }));
}

Deno.test("readBars() says that a file is missing, is a folder, or has an unknown ending", () =>
  inFolder(async (dir) => {
    const fault = (path: string, name: string) =>
      assert.rejects(readBars(path), (e: unknown) => e instanceof DataError && e.fault === name);
    await fault(`${dir}/none.csv`, "not-found");
    await fault(`${dir}/bars.xlsx`, "unreadable");
    await Deno.mkdir(`${dir}/folder.csv`);
    await fault(`${dir}/folder.csv`, "not-found");
    await Deno.writeTextFile(`${dir}/text.parquet`, "date,open");
    await fault(`${dir}/text.parquet`, "unreadable");
  }));

Deno.test("readBars() takes semicolons, tabs, BOM, quotes, other names and orders of columns", () =>
  inFolder(async (dir) => {
    const path = `${dir}/bars.csv`;
    const texts = [
      "\ufeffDate;Close;High;Low;Open;Vol\r\n2020-01-02;11;12;9;10;\r\n",
      'Timestamp\tO\tH\tL\tC\tV\textra\n1577923200\t"10"\t12\t9\t11\t5\tx\n',
      "time,open,high,low,close\n2020-01-02T00:00:00Z,1e1,12.0,9,11\n\n",
    ];
    for (const text of texts) {
      await Deno.writeTextFile(path, text);
      const bars = await readBars(path, { symbol: "X" });
      assert.deepEqual(
        [bars.time[0], bars.open[0], bars.high[0], bars.low[0], bars.close[0], bars.symbol],
        [Date.UTC(2020, 0, 2), 10, 12, 9, 11, "X"],
      );
    }
  }));

Deno.test("readBars() scales prices by the adjusted close when asked to", () =>
  inFolder(async (dir) => {
    const path = `${dir}/bars.csv`;
    await Deno.writeTextFile(
      path,
      "date,open,high,low,close,adj close,volume\n2020-01-02,10,12,8,10,5,7\n",
    );
    const raw = await readBars(path);
    const adjusted = await readBars(path, { adjusted: true });
    assert.deepEqual([raw.open[0], raw.close[0]], [10, 10]);
    assert.deepEqual(
      [adjusted.open[0], adjusted.high[0], adjusted.low[0], adjusted.close[0], adjusted.volume[0]],
      [5, 6, 4, 5, 7],
    );
  }));

Deno.test("readBars() reads the same bars from Parquet, whatever the type of the time column", () =>
  inFolder(async (dir) => {
    const times = {
      date: "DATE '2020-01-02' + i::INTEGER",
      timestamp: "TIMESTAMP '2020-01-02 00:00:00' + to_days(i::INTEGER)",
      text: "strftime(DATE '2020-01-02' + i::INTEGER, '%Y-%m-%d')",
      milliseconds: "1577923200000 + i * 86400000",
      seconds: "(1577923200 + i * 86400)::BIGINT",
    };
    for (const [name, sql] of Object.entries(times)) {
      const path = `${dir}/it's ${name}.parquet`;
      await withDuckDb((connection) =>
        connection.run(
          `COPY (SELECT ${sql} AS "time", 10.5 + i AS open, (12 + i)::FLOAT AS high, (9 + i)::INTEGER AS low,
             11.25 + i AS close, CASE WHEN i = 1 THEN NULL ELSE 100 END AS volume FROM range(3) t(i))
           TO ${sqlText(path)} (FORMAT parquet)`,
        )
      );
      const bars = await readBars(path);
      assert.deepEqual([...bars.time], [0, 1, 2].map((d) => Date.UTC(2020, 0, 2 + d)), name);
      assert.deepEqual([...bars.open], [10.5, 11.5, 12.5]);
      assert.deepEqual([...bars.close], [11.25, 12.25, 13.25]);
      assert.deepEqual([...bars.volume], [100, NaN, 100]);
    }
  }));

Deno.test("readBars() names the row and field of a Parquet file's missing price and the column of text", () =>
  inFolder(async (dir) => {
    const write = (path: string, high: string) =>
      withDuckDb((connection) =>
        connection.run(
          `COPY (SELECT DATE '2020-01-02' + i::INTEGER AS date, 10 AS open, ${high} AS high, 9 AS low, 11 AS close, 1 AS volume
           FROM range(3) t(i)) TO ${sqlText(path)} (FORMAT parquet)`,
        )
      );
    await write(`${dir}/a.parquet`, "CASE WHEN i = 2 THEN NULL ELSE 12 END");
    await assert.rejects(readBars(`${dir}/a.parquet`), (e: unknown) => {
      assert.ok(e instanceof DataError);
      assert.deepEqual([e.fault, e.row, e.field], ["not-a-number", 3, "high"]);
      return true;
    });
    await write(`${dir}/b.parquet`, "'twelve'");
    await assert.rejects(readBars(`${dir}/b.parquet`), (e: unknown) => {
      assert.ok(e instanceof DataError);
      assert.deepEqual([e.fault, e.field, e.value], ["not-a-number", "high", "VARCHAR"]);
      return true;
    });
  }));
