import assert from "node:assert/strict";
import { dataCommand } from "./data.ts";
import { UsageError } from "./args.ts";
import { killImport, writeMinutes } from "../bench/cases/killed_import.ts";
import { fingerprintBars, readBars, sampleBars } from "../lib/data/mod.ts";

/** Runs the command with a catalog of its own; gives exit code and what was printed. */
async function run(home: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const before = Deno.env.get("TAPEBOOK_HOME");
  const lines: string[] = [];
  const { log, error } = console;
  console.log = console.error = (...parts: unknown[]) => void lines.push(parts.join(" "));
  Deno.env.set("TAPEBOOK_HOME", home);
  try {
    return { code: await dataCommand(args), text: lines.join("\n") };
  } finally {
    console.log = log;
    console.error = error;
    if (before === undefined) Deno.env.delete("TAPEBOOK_HOME");
    else Deno.env.set("TAPEBOOK_HOME", before);
  }
}

Deno.test("data fetch, list, show, check, export, verify, backup, restore and remove work together", async () => {
  const dir = await Deno.makeTempDir();
  const home = `${dir}/home`;
  try {
    assert.match((await run(home, "list")).text, /no bars yet/);
    assert.deepEqual(await run(home, "fetch", "sample", "^GSPC"), {
      code: 0,
      text:
        "5105 bars, up to 2020-04-17\n5105 bars of ^GSPC fetched from sample, quality score 0.664",
    });
    assert.match(
      (await run(home, "list")).text,
      /^sample\/\^GSPC\/1d {2}5105 bars, 2000-01-03 to 2020-04-17$/,
    );
    const shown = await run(home, "show", "sample", "^GSPC", "--from", "2020-04-01", "--rows", "4");
    assert.match(shown.text, /2020-04-01.*\n.*2020-04-02.*\n\.\.\. 8 more\n.*\n.*2020-04-17/);
    const checked = await run(home, "check", "sample", "^GSPC");
    assert.match(checked.text, /error {3}degenerate-opens {2}in 2000, 96 % of opens/);
    for (const ending of ["csv", "parquet"]) {
      const out = `${dir}/out.${ending}`;
      assert.equal((await run(home, "export", "sample", "^GSPC", "--out", out)).code, 0);
      const again = await readBars(out);
      assert.equal(await fingerprintBars(again), await fingerprintBars(await sampleBars()), ending);
    }
    const imported = await run(home, "fetch", "csv", "SPX", "--file", `${dir}/out.csv`);
    assert.match(
      imported.text,
      /100 % 5,105 bars.*\n5105 bars of SPX imported, quality score 0\.664$/,
    );
    assert.match((await run(home, "verify")).text, /every file is as it was written/);
    assert.match((await run(home, "backup", `${dir}/copy`)).text, /^42 files copied/);
    assert.equal((await run(`${dir}/other`, "restore", `${dir}/copy`)).code, 0);
    assert.equal((await run(`${dir}/other`, "list")).text.split("\n").length, 2);
    assert.match(
      (await run(home, "remove", "csv", "SPX", "--before", "2019-01-01")).text,
      /bars removed/,
    );
    assert.equal((await run(home, "remove", "csv", "SPX")).code, 0);
    assert.equal((await run(home, "list")).text.split("\n").length, 1);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("data says what is wrong: usage with code 2 by its error, data and sources with code 1", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await assert.rejects(run(dir, "fetch", "sample"), UsageError);
    await assert.rejects(run(dir, "sell"), /must be fetch, list.*, got sell/);
    await assert.rejects(
      run(dir, "show", "a", "b", "--from", "yesterday"),
      /--from must be a date/,
    );
    await assert.rejects(run(dir, "fetch", "csv", "X"), /--file must name a file/);
    const missing = await run(dir, "show", "sample", "X");
    assert.equal(missing.code, 1);
    assert.match(missing.text, /sample\/X\/1d must be in/);
    assert.match((await run(dir, "fetch", "sample", "X")).text, /must be \^GSPC in 1d, got X/);
    assert.match((await run(dir, "fetch", "nowhere", "X")).text, /name must be one of sample/);
    assert.match(
      (await run(dir, "fetch", "csv", "X", "--file", `${dir}/no.csv`)).text,
      /must exist/,
    );
    assert.equal((await run(dir)).code, 2);
    assert.match((await run(dir, "--help")).text, /data fetch SOURCE SYMBOL/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("data check --calendar holds gaps against the exchange's days and names the calendars it knows", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await run(dir, "fetch", "sample", "^GSPC");
    // September 2001: closed from the 11th to the 14th. Without a calendar that is a gap of four days.
    const guessed = await run(dir, "check", "sample", "^GSPC");
    assert.match(guessed.text, /gap +1 gap in time, the longest from 2001-09-10 to 2001-09-17/);
    const known = await run(dir, "check", "sample", "^GSPC", "--calendar", "XNYS");
    assert.doesNotMatch(known.text, /gap/);
    // One day of trading taken out: four weekdays have to be missing for a guess, one for the calendar.
    const bars = await sampleBars();
    const file = `${dir}/hole.csv`;
    const rows = Array.from({ length: 40 }, (_, i) => 4000 + i).filter((i) => i !== 4020);
    await Deno.writeTextFile(
      file,
      ["date,open,high,low,close,volume"].concat(rows.map((i) =>
        [
          new Date(bars.time[i]).toISOString().slice(0, 10),
          ...[bars.open, bars.high, bars.low, bars.close, bars.volume].map((c) => c[i]),
        ].join()
      )).join("\n"),
    );
    assert.doesNotMatch((await run(dir, "check", "--file", file)).text, /gap/);
    const found = await run(dir, "check", "--file", file, "--calendar", "XNAS", "--json");
    const { issues } = JSON.parse(found.text);
    assert.deepEqual(
      issues.filter((issue: { kind: string }) => issue.kind === "gap").map((
        issue: { count: number; rows: number[] },
      ) => [issue.count, issue.rows]),
      [[1, [20]]],
    );
    const imported = await run(
      dir,
      "fetch",
      "csv",
      "HOLE",
      "--file",
      file,
      "--calendar",
      "XNYS",
    );
    assert.equal(imported.code, 0);
    await assert.rejects(
      run(dir, "check", "--file", file, "--calendar", "NYSE"),
      (error) =>
        error instanceof UsageError &&
        error.message ===
          'Cannot run data: --calendar must be one of XNYS, XNAS, XLON, XETR, XTKS, XHKG, 24/7, got "NYSE"',
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("data fetch csv killed half-way by SIGKILL goes on, and the catalog equals that of an undisturbed import", async () => {
  const dir = await Deno.makeTempDir();
  try {
    // `tapebook bench csv_import` does the same with 1,000,000 rows.
    await writeMinutes(`${dir}/minutes.csv`, 200_000);
    const seen = await killImport(`${dir}/minutes.csv`, 200_000, dir, () => {});
    assert.match(seen.killedAt, /^(49|50) % 100,000 bars/);
    assert.equal(seen.resumedAt, 100_000);
    assert.equal(seen.fingerprints[1], seen.fingerprints[0]);
    assert.equal(seen.segments[1], seen.segments[0]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
