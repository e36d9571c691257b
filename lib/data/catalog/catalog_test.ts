import assert from "node:assert/strict";
import { createRng } from "../../math/mod.ts";
import {
  type Bars,
  checkQuality,
  DataError,
  fingerprintBars,
  makeBars,
  sampleBars,
  sliceBars,
} from "../mod.ts";
import { Catalog } from "./catalog.ts";
import { importCsv } from "./import_csv.ts";
import { partitionPath } from "./partition.ts";

const key = { source: "sample", symbol: "^GSPC", timeframe: "1d" };

async function inFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const hasFault = (fault: string) => (error: unknown) =>
  error instanceof DataError && error.fault === fault;

Deno.test("a catalog gives back the bars that were written, whole and by range", () =>
  inFolder(async (dir) => {
    const bars = await sampleBars();
    const catalog = new Catalog(dir);
    const manifest = await catalog.write(key, bars, { about: { adjusted: false } });
    assert.equal(manifest.segments.length, 21); // 2000 to 2020
    const again = await catalog.read(key);
    assert.equal(await fingerprintBars(again), await fingerprintBars(bars));
    assert.deepEqual([again.symbol, again.timeframe], ["^GSPC", "1d"]);
    const range = { from: Date.UTC(2008, 0, 1), to: Date.UTC(2009, 5, 30) };
    const part = await catalog.read(key, range);
    assert.equal(part.length, 253 + 124);
    assert.ok(part.time[0] >= range.from && part.time[part.length - 1] <= range.to);
    const files = await catalog.filesOf(key, range);
    assert.deepEqual(files.map((f) => f.slice(0, 4)), ["2008", "2009"]);
    assert.equal(await catalog.fingerprint(key, range), await fingerprintBars(part));
    assert.equal((await catalog.list()).length, 1);
  }));

Deno.test("a range read opens no other file: it works with all others gone", () =>
  inFolder(async (dir) => {
    const catalog = new Catalog(dir);
    const { segments } = await catalog.write(key, await sampleBars());
    for (const segment of segments) {
      if (segment.period !== "2010") await Deno.remove(catalog.pathOf(key, segment));
    }
    const range = { from: Date.UTC(2010, 2, 1), to: Date.UTC(2010, 2, 31) };
    assert.equal((await catalog.read(key, range)).length, 23);
    await assert.rejects(catalog.read(key), hasFault("unreadable"));
    assert.equal((await catalog.verify()).filter((f) => f.problem === "missing").length, 20);
  }));

Deno.test("writes merge by time: replace, keep, reject", () =>
  inFolder(async (dir) => {
    const bars = sliceBars(await sampleBars(), 0, 300);
    const catalog = new Catalog(dir);
    await catalog.write(key, sliceBars(bars, 0, 200));
    await catalog.write(key, sliceBars(bars, 150, 300), { conflict: "reject" });
    assert.equal(await catalog.fingerprint(key), await fingerprintBars(bars));
    const other = makeBars({ ...sliceBars(bars, 10, 12), volume: [1, 2] });
    await assert.rejects(
      catalog.write(key, other, { conflict: "reject" }),
      /volume at 2000-01-18 must equal the stored .*, got 1/,
    );
    await catalog.write(key, other, { conflict: "keep" });
    assert.equal((await catalog.read(key)).volume[10], bars.volume[10]);
    await catalog.write(key, other);
    assert.equal((await catalog.read(key)).volume[10], 1);
    await assert.rejects(
      catalog.write(key, makeBars({ ...other, high: [0, 0] })),
      hasFault("high-below-low"),
    );
  }));

Deno.test("the order and cut of writes leave no trace in the catalog", () =>
  inFolder(async (dir) => {
    const bars = sliceBars(await sampleBars(), 0, 600);
    const rng = createRng(1);
    const state = async (catalog: Catalog) =>
      (await catalog.manifest(key))!.segments.map((s) => [s.file, s.rows, s.bytes]);
    const once = new Catalog(`${dir}/once`);
    await once.write(key, bars);
    const pieces = new Catalog(`${dir}/pieces`);
    const cuts = [
      0,
      ...Array.from({ length: 5 }, () => rng.integer(600)).sort((a, b) => a - b),
      600,
    ];
    const parts = cuts.slice(1).map((to, k) => sliceBars(bars, cuts[k], to));
    for (const part of rng.shuffle(parts)) {
      if ((part as Bars).length > 0) await pieces.write(key, part as Bars);
    }
    assert.deepEqual(await state(pieces), await state(once));
  }));

Deno.test("a second writer is refused while the first is at work; readers are not", () =>
  inFolder(async (dir) => {
    const bars = await sampleBars();
    const catalog = new Catalog(dir);
    await catalog.write(key, sliceBars(bars, 0, 500));
    const [one, two, ...reads] = await Promise.allSettled([
      catalog.write(key, bars),
      catalog.write(key, bars),
      ...[1, 2, 3].map(() => catalog.read(key)),
    ]);
    const refused = [one, two].filter((write) => write.status === "rejected");
    assert.equal(refused.length, 1);
    assert.match(String(refused[0].reason), /must have one writer at a time, got a second/);
    for (const read of reads) {
      assert.ok(read.status === "fulfilled", String((read as PromiseRejectedResult).reason));
      assert.ok([500, 5105].includes((read.value as Bars).length));
    }
    assert.equal((await catalog.read(key)).length, 5105);
  }));

Deno.test("a damaged file is found by verify() and by a read", () =>
  inFolder(async (dir) => {
    const catalog = new Catalog(dir);
    const { segments } = await catalog.write(key, await sampleBars());
    await Deno.writeTextFile(catalog.pathOf(key, segments[3]), "PAR1 no more");
    await Deno.copyFile(catalog.pathOf(key, segments[5]), catalog.pathOf(key, segments[6]));
    const faults = await catalog.verify();
    assert.deepEqual(faults.map((f) => [f.file, f.problem]), [
      [segments[3].file, "unreadable"],
      [segments[6].file, "changed"],
    ]);
    await assert.rejects(catalog.read(key), hasFault("unreadable"));
    await Deno.writeTextFile(`${dir}/${partitionPath(key)}/manifest.json`, "{");
    await assert.rejects(catalog.read(key), /must be a manifest of format 1/);
  }));

Deno.test("retain() drops what is older, remove() everything, read() says what is missing", () =>
  inFolder(async (dir) => {
    const catalog = new Catalog(dir);
    const bars = await sampleBars();
    await catalog.write(key, bars);
    const keepFrom = Date.UTC(2019, 6, 1);
    const dropped = await catalog.retain(key, keepFrom);
    const rest = await catalog.read(key);
    assert.equal(dropped + rest.length, bars.length);
    assert.ok(rest.time[0] >= keepFrom);
    assert.deepEqual(await catalog.verify(), []);
    await catalog.remove(key);
    assert.deepEqual(await catalog.list(), []);
    await assert.rejects(catalog.read(key), hasFault("not-found"));
  }));

Deno.test("annotate() keeps the quality report with the data, and it outlives a write", () =>
  inFolder(async (dir) => {
    const catalog = new Catalog(dir);
    const bars = await sampleBars();
    await catalog.write(key, sliceBars(bars, 0, 500));
    await catalog.annotate(key, { quality: checkQuality(bars), about: { currency: "USD" } });
    const { quality, about } = await catalog.write(key, bars);
    const { score, issues } = quality as { score: number; issues: Record<string, unknown>[] };
    assert.ok(score > 0.6 && score < 0.7);
    assert.ok(issues.length > 10 && issues.every((issue) => !("rows" in issue)));
    assert.equal(about!.currency, "USD");
  }));

Deno.test("a backup is restored to an equal catalog; a damaged one is refused", () =>
  inFolder(async (dir) => {
    const catalog = new Catalog(`${dir}/a`);
    const bars = await sampleBars();
    await catalog.write(key, bars);
    await catalog.write({ ...key, symbol: "../etc", timeframe: "1m" }, sliceBars(bars, 0, 50));
    assert.equal(await catalog.backup(`${dir}/b`), 24);
    const restored = new Catalog(`${dir}/c`);
    await restored.restore(`${dir}/b`);
    assert.deepEqual(await restored.list(), await catalog.list());
    assert.deepEqual((await restored.list())[0].symbol, "../etc");
    await assert.rejects(restored.restore(`${dir}/b`), /must hold no catalog yet/);
    const [segment] = (await catalog.manifest(key))!.segments;
    await Deno.writeTextFile(new Catalog(`${dir}/b`).pathOf(key, segment), "");
    await assert.rejects(new Catalog(`${dir}/d`).restore(`${dir}/b`), /files must be whole/);
  }));

/** A CSV file of one-minute bars. */
async function writeCsv(path: string, rows: number): Promise<void> {
  const rng = createRng(2);
  const lines = ["time,open,high,low,close,volume"];
  let price = 100;
  for (let i = 0; i < rows; i++) {
    const open = price;
    price *= Math.exp(0.001 * rng.normal());
    const [low, high] = open < price ? [open, price] : [price, open];
    lines.push(
      [new Date(1.6e12 + i * 60_000).toISOString(), open, high, low, price, rng.integer(1000)]
        .join(),
    );
  }
  await Deno.writeTextFile(path, lines.join("\n") + "\n");
}

const minutes = { source: "csv", symbol: "X", timeframe: "1m" };

Deno.test("an import killed between any two batches goes on and ends like an undisturbed one", () =>
  inFolder(async (dir) => {
    const path = `${dir}/x.csv`;
    await writeCsv(path, 5000);
    const whole = new Catalog(`${dir}/whole`);
    assert.deepEqual(await importCsv(whole, minutes, path), { rows: 5000, resumedAt: 0 });
    const expected = (await whole.manifest(minutes))!.segments;
    for (const stopAfter of [1, 3]) {
      const catalog = new Catalog(`${dir}/killed${stopAfter}`);
      let batches = 0;
      const stop = new AbortController();
      const options = {
        batchRows: 700,
        signal: stop.signal,
        onProgress: () => batches++ === stopAfter && stop.abort(new Error("killed")),
      };
      await assert.rejects(importCsv(catalog, minutes, path, options), /killed/);
      const { rows, resumedAt } = await importCsv(catalog, minutes, path, { batchRows: 700 });
      assert.deepEqual([rows, resumedAt], [5000, 700 * stopAfter]);
      assert.deepEqual((await catalog.manifest(minutes))!.segments, expected);
    }
  }));

Deno.test("an import killed with SIGKILL goes on and ends like an undisturbed one", () =>
  inFolder(async (dir) => {
    const path = `${dir}/x.csv`;
    await writeCsv(path, 6000);
    const whole = new Catalog(`${dir}/whole`);
    await importCsv(whole, minutes, path);
    const script = `import { Catalog } from ${
      JSON.stringify(new URL("catalog.ts", import.meta.url).href)
    };
      import { importCsv } from ${JSON.stringify(new URL("import_csv.ts", import.meta.url).href)};
      await importCsv(new Catalog(${JSON.stringify(`${dir}/killed`)}), ${JSON.stringify(minutes)},
        ${JSON.stringify(path)}, { batchRows: 300, onProgress: (p) => console.log(p.rows) });`;
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const file = `${dir}/import.ts`;
    await Deno.writeTextFile(file, script);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--allow-all", "--config", config, file],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let seen = "";
    while (seen.split("\n").length < 5) {
      const { value, done } = await lines.read();
      if (done) break;
      seen += value;
    }
    child.kill("SIGKILL");
    await child.status;
    await lines.cancel();
    const catalog = new Catalog(`${dir}/killed`);
    const { rows, resumedAt } = await importCsv(catalog, minutes, path, { batchRows: 300 });
    assert.equal(rows, 6000);
    assert.ok(resumedAt >= 600 && resumedAt < 6000, String(resumedAt));
    assert.deepEqual(
      (await catalog.manifest(minutes))!.segments,
      (await whole.manifest(minutes))!.segments,
    );
  }));

Deno.test("an import names a bad row by its number in the file and keeps the batches before it", () =>
  inFolder(async (dir) => {
    const path = `${dir}/x.csv`;
    await writeCsv(path, 1000);
    const lines = (await Deno.readTextFile(path)).split("\n");
    const broken = [...lines];
    broken[778] = broken[778].replace(/,[^,]*,/, ",oops,");
    await Deno.writeTextFile(path, broken.join("\n"));
    const catalog = new Catalog(`${dir}/c`);
    await assert.rejects(
      importCsv(catalog, minutes, path, { batchRows: 300 }),
      (e: unknown) => e instanceof DataError && e.row === 778 && e.fault === "not-a-number",
    );
    assert.equal((await catalog.read(minutes)).length, 600);
    broken[778] = lines[777];
    await Deno.writeTextFile(path, broken.join("\n"));
    await assert.rejects(
      importCsv(catalog, minutes, path, { batchRows: 300 }),
      (e: unknown) => e instanceof DataError && e.row === 778 && e.fault === "duplicate-time",
    );
    await Deno.writeTextFile(path, lines.join("\n"));
    assert.equal((await importCsv(catalog, minutes, path)).rows, 1000);
    assert.equal((await catalog.read(minutes)).length, 1000);
  }));
