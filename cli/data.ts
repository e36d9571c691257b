/**
 * `tapebook data fetch|list|check|show|export|verify|backup|restore|remove`: the catalog of bars.
 * @module
 */
import {
  type Bars,
  Catalog,
  checkQuality,
  type DataError,
  describeDownload,
  describePartition,
  downloadBars,
  fileSource,
  fingerprintBars,
  formatTime,
  importCsv,
  openSource,
  parseTime,
  type PartitionKey,
  type QualityReport,
  readBars,
  type SourceError,
  sources,
  type TradingSession,
  tradingSessions,
  writeBars,
} from "../lib/data/mod.ts";
import { parseArgs, UsageError } from "./args.ts";

const help = `tapebook data: the catalog of bars

  data fetch SOURCE SYMBOL [--timeframe 1d] [--from DATE] [--to DATE] [--adjusted] [--file PATH]
             [--calendar NAME]
      brings bars into the catalog; started again after an interruption it goes on
      SOURCE: ${Object.keys(sources).join(", ")}, ccxt:EXCHANGE, or csv, parquet with --file
  data list                                   what the catalog holds
  data check SOURCE SYMBOL [--timeframe 1d] [--calendar NAME]
      quality report; --file PATH checks a file instead. With the exchange's calendar gaps are held
      against its days and hours of trading: ${Object.keys(tradingSessions).join(", ")}
  data show SOURCE SYMBOL [--timeframe 1d] [--from DATE] [--to DATE] [--rows 10]
  data export SOURCE SYMBOL --out FILE.csv|FILE.parquet [--timeframe 1d] [--from DATE] [--to DATE]
  data verify                                 reads every file against its fingerprint
  data backup FOLDER | data restore FOLDER
  data remove SOURCE SYMBOL [--timeframe 1d] [--before DATE]

The catalog lies under TAPEBOOK_HOME/catalog. Venues take their keys from the environment.`;

const spec = {
  timeframe: "string",
  from: "string",
  to: "string",
  adjusted: "boolean",
  file: "string",
  calendar: "string",
  rows: "integer",
  out: "string",
  before: "string",
  json: "boolean",
  help: "boolean",
} as const;

/** Runs `data …` and gives the exit code: 0, 1 for bad data or a fault of a source, 2 for bad usage. */
export async function dataCommand(args: string[]): Promise<number> {
  const { options, rest } = parseArgs("data", args, spec);
  const [command, ...words] = rest;
  if (options.help || command === undefined) {
    console.log(help);
    return command === undefined && !options.help ? 2 : 0;
  }
  const catalog = new Catalog(`${Deno.env.get("TAPEBOOK_HOME") ?? ".tapebook"}/catalog`);
  const range = { from: timeOption(options.from, "from"), to: timeOption(options.to, "to") };
  const key = (): PartitionKey => {
    if (words.length !== 2) {
      throw new UsageError(
        `Cannot run data ${command}: there must be a source and a symbol, got ${
          words.join(" ") || "nothing"
        }`,
      );
    }
    return { source: words[0], symbol: words[1], timeframe: options.timeframe ?? "1d" };
  };
  const folder = () => {
    if (words.length === 1) return words[0];
    throw new UsageError(
      `Cannot run data ${command}: there must be one folder, got ${words.length}`,
    );
  };
  try {
    switch (command) {
      case "fetch":
        return await fetchBars(catalog, key(), range, {
          ...options,
          session: calendarOption(options.calendar),
        });
      case "list": {
        const list = await catalog.list();
        if (options.json) console.log(JSON.stringify(list));
        else for (const manifest of list) console.log(describePartition(manifest));
        if (list.length === 0 && !options.json) console.log(`no bars yet in ${catalog.root}`);
        return 0;
      }
      case "check": {
        const session = calendarOption(options.calendar);
        const bars = options.file
          ? await readBars(options.file, { validate: false })
          : await catalog.read(key(), range);
        return printQuality(checkQuality(bars, { session }), options.json ?? false);
      }
      case "show": {
        const bars = await catalog.read(key(), range);
        printBars(bars, options.rows ?? 10);
        console.log(`fingerprint ${await fingerprintBars(bars)}`);
        return 0;
      }
      case "export": {
        if (!options.out) throw new UsageError("Cannot run data export: --out must name a file");
        const bars = await catalog.read(key(), range);
        await writeBars(options.out, bars);
        console.log(`${bars.length} bars written to ${options.out}`);
        return 0;
      }
      case "verify": {
        const faults = await catalog.verify();
        for (const { key, file, problem } of faults) {
          console.error(`${key.source}/${key.symbol}/${key.timeframe}/${file}: ${problem}`);
        }
        if (faults.length === 0) console.log("every file is as it was written");
        return faults.length === 0 ? 0 : 1;
      }
      case "backup":
        console.log(`${await catalog.backup(folder())} files copied to ${folder()}`);
        return 0;
      case "restore":
        console.log(`${await catalog.restore(folder())} files restored from ${folder()}`);
        return 0;
      case "remove": {
        const before = timeOption(options.before, "before");
        if (before === undefined) {
          await catalog.remove(key());
          console.log("removed");
        } else console.log(`${await catalog.retain(key(), before)} bars removed`);
        return 0;
      }
      default:
        throw new UsageError(
          `Cannot run data: the command must be fetch, list, check, show, export, verify, backup, restore or remove, got ${command}`,
        );
    }
  } catch (error) {
    const { name, message } = error as DataError | SourceError;
    if (name !== "DataError" && name !== "SourceError") throw error;
    console.error(message);
    return 1;
  }
}

async function fetchBars(
  catalog: Catalog,
  key: PartitionKey,
  range: { from?: number; to?: number },
  options: { file?: string; adjusted?: boolean; session?: TradingSession },
): Promise<number> {
  const progress = progressLine();
  try {
    if (key.source === "csv") {
      if (!options.file) throw new UsageError("Cannot run data fetch csv: --file must name a file");
      const { rows, resumedAt } = await importCsv(catalog, key, options.file, {
        adjusted: options.adjusted,
        onProgress: ({ rows, bytes, totalBytes }) =>
          progress.show(bytes / totalBytes, `${rows.toLocaleString("en-US")} bars`),
      });
      progress.end();
      const score = await annotateQuality(catalog, key, options.session);
      const resumed = resumedAt > 0 ? `, gone on after ${resumedAt}` : "";
      console.log(`${rows} bars of ${key.symbol} imported${resumed}, ${score}`);
      return 0;
    }
    if (key.source === "parquet" && !options.file) {
      throw new UsageError("Cannot run data fetch parquet: --file must name a file");
    }
    const source = key.source === "parquet"
      ? fileSource("parquet", options.file!)
      : openSource(key.source);
    const started = range.from ?? NaN;
    const { rows, resumedAfter } = await downloadBars(
      source,
      catalog,
      { symbol: key.symbol, timeframe: key.timeframe, ...range, adjusted: options.adjusted },
      {
        as: key.source,
        onProgress: (p) =>
          progress.show((p.time - started) / (p.to - started), describeDownload(p)),
      },
    );
    progress.end();
    const score = rows > 0 ? await annotateQuality(catalog, key, options.session) : "nothing new";
    console.log(
      `${rows} bars of ${key.symbol} fetched from ${key.source}${
        resumedAfter === null ? "" : `, gone on after ${formatTime(resumedAfter)}`
      }, ${score}`,
    );
    return 0;
  } finally {
    progress.end();
  }
}

/** Checks what the catalog now holds and keeps the report with it. */
async function annotateQuality(
  catalog: Catalog,
  key: PartitionKey,
  session?: TradingSession,
): Promise<string> {
  const quality = checkQuality(await catalog.read(key), { session });
  await catalog.annotate(key, { quality });
  return `quality score ${quality.score.toFixed(3)}`;
}

/** A bar that redraws itself on a terminal, a line each tenth elsewhere. */
function progressLine(): { show(share: number, text: string): void; end(): void } {
  const terminal = Deno.stdout.isTerminal();
  const encoder = new TextEncoder();
  const started = performance.now();
  // What was done before, by an import that goes on, says nothing about the speed of this one.
  let first: number | undefined;
  let last = -1;
  let open = false;
  return {
    show(share, text) {
      const known = share >= 0 && share <= 1;
      first ??= share;
      const done = share - first;
      const left = known && done > 0
        ? ` ETA ${Math.ceil((performance.now() - started) / 1000 * (1 - share) / done)} s`
        : "";
      const percent = known ? `${Math.floor(100 * share)} %`.padStart(5) : "";
      if (terminal) {
        const filled = known ? Math.round(30 * share) : 0;
        const line = `\r[${"#".repeat(filled)}${
          "-".repeat(30 - filled)
        }]${percent}  ${text}${left}`;
        Deno.stdout.writeSync(encoder.encode(line.padEnd(79)));
        open = true;
      } else if (!known || Math.floor(share * 10) > last) {
        last = Math.floor(share * 10);
        console.log(`${percent} ${text}${left}`.trim());
      }
    },
    end() {
      if (open) Deno.stdout.writeSync(encoder.encode("\n"));
      open = false;
    },
  };
}

function printQuality(report: QualityReport, asJson: boolean): number {
  if (asJson) console.log(JSON.stringify(report));
  else {
    console.log(
      `${report.length} bars, ${formatTime(report.from)} to ${formatTime(report.to)}, score ${
        report.score.toFixed(3)
      }`,
    );
    for (const { kind, severity, message } of report.issues) {
      console.log(`${severity.padEnd(8)}${kind.padEnd(18)}${message}`);
    }
    if (report.issues.length === 0) console.log("nothing found");
  }
  return 0;
}

function printBars(bars: Bars, rows: number): void {
  const head = ["time", "open", "high", "low", "close", "volume"];
  const line = (i: number) => [
    formatTime(bars.time[i]),
    ...[bars.open, bars.high, bars.low, bars.close, bars.volume].map((c) => String(c[i])),
  ];
  const first = Math.ceil(rows / 2);
  const all = bars.length <= rows;
  const indices = Array.from({ length: bars.length }, (_, i) => i)
    .filter((i) => all || i < first || i >= bars.length - (rows - first));
  const table = [head, ...indices.map(line)];
  const widths = head.map((_, k) => Math.max(...table.map((row) => row[k].length)));
  table.forEach((row, k) => {
    console.log(row.map((cell, c) => cell.padStart(widths[c])).join("  "));
    if (!all && k === first) console.log(`... ${bars.length - rows} more`);
  });
}

function timeOption(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const time = parseTime(text);
  if (Number.isFinite(time)) return time;
  throw new UsageError(
    `Cannot run data: --${name} must be a date such as 2020-01-31, got ${JSON.stringify(text)}`,
  );
}

function calendarOption(name: string | undefined): TradingSession | undefined {
  if (name === undefined) return undefined;
  if (Object.hasOwn(tradingSessions, name)) {
    return tradingSessions[name as keyof typeof tradingSessions];
  }
  throw new UsageError(
    `Cannot run data: --calendar must be one of ${Object.keys(tradingSessions).join(", ")}, got ${
      JSON.stringify(name)
    }`,
  );
}
