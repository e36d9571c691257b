/**
 * The import of a long CSV file through the command line, undisturbed and killed half-way: what the
 * catalogs hold afterwards must be the same.
 * @module
 */
import { Catalog, type PartitionKey } from "../../lib/data/mod.ts";
import { createRng } from "../../lib/math/mod.ts";

const key: PartitionKey = { source: "csv", symbol: "EURUSD", timeframe: "1m" };

/** What {@linkcode killImport} saw. */
export interface KilledImport {
  /** Milliseconds of the undisturbed import. */
  wholeMs: number;
  /** The last line of progress before the kill. */
  killedAt: string;
  /** Rows that were in the killed import's catalog when it went on. */
  resumedAt: number;
  /** Fingerprints of all bars, undisturbed and killed. */
  fingerprints: [string, string];
  /** Names, rows, bytes and fingerprints of the catalogs' files, as JSON. */
  segments: [string, string];
}

/** A CSV file of one-minute bars, a random walk. */
export async function writeMinutes(path: string, rows: number): Promise<void> {
  const rng = createRng(5);
  using file = await Deno.open(path, { create: true, write: true, truncate: true });
  const encoder = new TextEncoder();
  let text = "time,open,high,low,close,volume\n";
  let price = 1.1;
  for (let i = 0; i < rows; i++) {
    const open = price;
    price *= Math.exp(1e-4 * rng.normal());
    const high = Math.max(open, price) * (1 + 1e-5 * rng.uniform());
    const low = Math.min(open, price) * (1 - 1e-5 * rng.uniform());
    const time = new Date(1.5e12 + i * 60_000).toISOString();
    text += `${time},${open},${high},${low},${price},${rng.integer(1000)}\n`;
    if (text.length > 1_000_000 || i === rows - 1) {
      const bytes = encoder.encode(text);
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      text = "";
    }
  }
}

/**
 * Imports the file of `rows` bars twice by `tapebook data fetch csv`: once undisturbed, once killed by SIGKILL when
 * half of it is in and started again. `home` is a folder for both catalogs.
 */
export async function killImport(
  file: string,
  rows: number,
  home: string,
  log: (line: string) => void,
): Promise<KilledImport> {
  const started = performance.now();
  await fetchCsv(file, `${home}/whole`, (line) => log(`undisturbed: ${line}`));
  const wholeMs = performance.now() - started;
  let killedAt = "";
  const first = await fetchCsv(file, `${home}/killed`, (line) => {
    log(`to be killed: ${line}`);
    const done = Number(line.match(/([\d,]+) bars/)?.[1].replaceAll(",", ""));
    if (!(done >= rows / 2)) return;
    killedAt = line;
    return "kill";
  });
  if (first.signal !== "SIGKILL") throw new Error("the import ended before it could be killed");
  let resumedAt = NaN;
  const second = await fetchCsv(file, `${home}/killed`, (line) => {
    log(`gone on: ${line}`);
    const match = line.match(/gone on after (\d+)/);
    if (match) resumedAt = Number(match[1]);
  });
  if (second.code !== 0) throw new Error(`the import that went on ended with ${second.code}`);
  const catalogs = ["whole", "killed"].map((name) => new Catalog(`${home}/${name}/catalog`));
  const of = async (take: (catalog: Catalog) => Promise<string>) =>
    [await take(catalogs[0]), await take(catalogs[1])] as [string, string];
  return {
    wholeMs,
    killedAt,
    resumedAt,
    fingerprints: await of((catalog) => catalog.fingerprint(key)),
    segments: await of(async (catalog) => JSON.stringify((await catalog.manifest(key))!.segments)),
  };
}

/** Runs the command in a process of its own; `onLine` sees what it prints and may have it killed. */
async function fetchCsv(
  file: string,
  home: string,
  onLine: (line: string) => "kill" | void,
): Promise<Deno.CommandStatus> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--allow-all",
      new URL("../../cli.ts", import.meta.url).pathname,
      ...["data", "fetch", key.source, key.symbol, "--timeframe", key.timeframe, "--file", file],
    ],
    env: { TAPEBOOK_HOME: home },
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (onLine(line) === "kill") child.kill("SIGKILL");
  }
  return await child.status;
}
