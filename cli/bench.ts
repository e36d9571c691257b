/**
 * `tapebook bench [name…] [--json FILE] [--quick] [--case PART] [--runs N]`: runs the files of bench/
 * and prints their tables. A benchmark that has parts says which; `--case` may be given several
 * times.
 * @module
 */
import type { Bench, BenchCase, BenchResult } from "../bench/bench_result.ts";
import { parseArgs, UsageError } from "./args.ts";

const folder = new URL("../bench/", import.meta.url);

/** Names of the benchmarks: the files of bench/ that are not shared helpers. */
export function benchNames(): string[] {
  return [...Deno.readDirSync(folder)]
    .filter((e) => e.isFile && /^[a-z0-9_]+\.ts$/.test(e.name))
    .map((e) => e.name.replace(/\.ts$/, ""))
    .filter((name) => !name.startsWith("bench_") && !name.endsWith("_test"))
    .sort();
}

function format(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(4);
}

/** One line per case: each subject's median, and ours against every peer. */
export function benchTable(result: BenchResult): string {
  const lines: string[] = [];
  const { machine } = result;
  lines.push(
    `bench ${result.name}: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}, Deno ${machine.deno}`,
  );
  const rows = [["case", "subject", "median", "unit", "min", "max", "runs", "against"]];
  const ours = new Set(["tapebook", "ort"]);
  for (const row of result.cases) {
    const mine = result.cases.find((c) =>
      c.case === row.case && c.unit === row.unit && ours.has(c.subject)
    );
    rows.push([
      row.case,
      row.subject,
      format(row.value),
      row.unit,
      format(Math.min(...row.runs)),
      format(Math.max(...row.runs)),
      String(row.runs.length),
      mine && mine !== row ? ratio(mine, row) : "",
    ]);
  }
  const widths = rows[0].map((_, i) => Math.max(...rows.map((r) => r[i].length)));
  for (const [i, row] of rows.entries()) {
    lines.push(row.map((cell, j) => cell.padEnd(widths[j])).join("  ").trimEnd());
    if (i === 0) lines.push(widths.map((w) => "-".repeat(w)).join("  "));
  }
  for (const note of result.notes ?? []) lines.push(`note: ${note}`);
  return lines.join("\n");
}

/** How our figure compares with a row: above 1 means that ours is the better one. */
function ratio(mine: BenchCase, other: BenchCase): string {
  const better = mine.unit.endsWith("/s") ? mine.value / other.value : other.value / mine.value;
  return `${mine.subject} is ${better.toPrecision(3)}x`;
}

export async function benchCommand(args: string[]): Promise<number> {
  const { options, rest } = parseArgs("bench", args, {
    json: "string",
    quick: "boolean",
    case: "strings",
    runs: "integer",
  });
  const known = benchNames();
  const names = rest.length > 0 ? rest : known;
  for (const name of names) {
    if (!known.includes(name)) {
      throw new UsageError(
        `Cannot run bench: name must be one of ${known.join(", ")}, got ${JSON.stringify(name)}`,
      );
    }
  }
  const results: BenchResult[] = [];
  for (const name of names) {
    const module = await import(new URL(`${name}.ts`, folder).href) as { run: Bench };
    const result = await module.run({
      quick: options.quick,
      parts: options.case,
      size: options.runs,
      log: (line) => console.error(`  ${line}`),
    });
    results.push(result);
    console.log(benchTable(result) + "\n");
  }
  if (options.json) {
    const body = results.length === 1 ? results[0] : results;
    await Deno.writeTextFile(options.json, JSON.stringify(body, null, 2) + "\n");
  }
  return 0;
}
