/**
 * CSV import: 1,000,000 one-minute bars from a CSV file into the catalog through the command line, in
 * rows per second; then once more, killed by SIGKILL half-way and started again. The two catalogs must
 * be equal, file by file, or the benchmark fails.
 * @module
 */
import { benchCase, type BenchOptions, type BenchResult, describeMachine } from "./bench_result.ts";
import { killImport, writeMinutes } from "./cases/killed_import.ts";

export async function run({ quick = false, size, log }: BenchOptions): Promise<BenchResult> {
  const rows = size ?? (quick ? 200_000 : 1_000_000);
  const dir = await Deno.makeTempDir({ prefix: "tapebook-import-" });
  try {
    await writeMinutes(`${dir}/minutes.csv`, rows);
    const seen = await killImport(`${dir}/minutes.csv`, rows, dir, log);
    const { fingerprints, segments } = seen;
    if (fingerprints[0] !== fingerprints[1] || segments[0] !== segments[1]) {
      throw new Error(`the catalogs differ: ${fingerprints.join(" and ")}`);
    }
    return {
      name: "csv_import",
      machine: describeMachine(),
      cases: [
        benchCase(`${rows.toLocaleString("en")} bars, CSV to catalog`, "tapebook", "rows/s", [
          rows / seen.wholeMs * 1000,
        ]),
      ],
      notes: [
        "the whole command, the start of the process and the quality report included",
        `killed by SIGKILL at "${seen.killedAt}", gone on after ${seen.resumedAt} rows`,
        `both catalogs hold ${fingerprints[0]} in ${JSON.parse(segments[0]).length} equal files`,
      ],
    };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
