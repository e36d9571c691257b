/**
 * The tracking server beside a real MLflow server, each with its default database (PGlite, SQLite)
 * and, where PostgreSQL is found, both on the same PostgreSQL.
 *
 * Requests go over HTTP from this process through 16 connections. Search is asked for 100 runs with
 * 20 params and 20 metrics each, of an experiment with many. `--quick` makes everything small.
 * @module
 */
import {
  type BenchCase,
  benchCase,
  type BenchOptions,
  type BenchResult,
  describeMachine,
  hasPythonModules,
  medianOf,
} from "./bench_result.ts";
import { findComponent } from "../tests/support/components.ts";
import { createTestDatabase } from "../tests/support/postgres.ts";
import { type Peer, startMlflow, startTapebook } from "./tracking_server/servers.ts";
import { createLoad, type Load, type LoadSizes } from "./tracking_server/load.ts";

const sizes = (quick: boolean): LoadSizes =>
  quick ? { singles: 200, batches: 10, runs: 60, searchRuns: 200, searches: 10, points: 20_000 } : {
    singles: 1500,
    batches: 60,
    runs: 300,
    searchRuns: 10_000,
    searches: 40,
    points: 1_000_000,
  };

async function measure(
  load: Load,
  name: (what: string) => string,
  subject: string,
  log: (line: string) => void,
): Promise<BenchCase[]> {
  const cases: BenchCase[] = [];
  const add = (what: string, unit: string, runs: number[]) => {
    cases.push(benchCase(name(what), subject, unit, runs));
    log(`${name(what)}, ${subject}: ${medianOf(runs).toFixed(1)} ${unit}`);
  };
  await load.warmUp();
  add("log_metric, one point a request", "requests/s", await load.singles());
  add("log-batch, 1,000 points a request", "points/s", await load.batches());
  add("create and finish a run", "runs/s", await load.createRuns());
  await load.fillForSearch();
  const search = await load.searches();
  add("search-runs p50", "ms", [search.p50]);
  add("search-runs p99", "ms", [search.p99]);
  add("read a metric's whole history", "points/s", await load.readHistory());
  add("memory after all of it", "MiB", [await load.memoryMiB()]);
  return cases;
}

/** Runs the benchmark. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const { log } = options;
  const size = sizes(options.quick ?? false);
  const notes = [
    `search over ${size.searchRuns.toLocaleString("en-US")} runs; history of ` +
    `${size.points.toLocaleString("en-US")} points`,
  ];
  const cases: BenchCase[] = [];
  const hasMlflow = await hasPythonModules("mlflow");
  if (!hasMlflow) notes.push("mlflow not found by python3 (TAPEBOOK_PEER_PYTHON): left out");

  const one = async (
    subject: string,
    name: (what: string) => string,
    start: () => Promise<Peer>,
  ) => {
    const server = await start();
    try {
      cases.push(...await measure(createLoad(server, size), name, subject, log));
    } finally {
      await server.stop();
    }
  };
  const plain = (what: string) => what;
  await one("tapebook", plain, () => startTapebook());
  if (hasMlflow) await one("mlflow", plain, () => startMlflow());
  if (findComponent("postgres") === null) {
    notes.push("PostgreSQL not found: only the default databases were measured");
  } else {
    const onPostgres = (what: string) => `${what} (PostgreSQL)`;
    const database = await createTestDatabase();
    await one("tapebook", onPostgres, () => startTapebook(database.url));
    await database.drop();
    if (hasMlflow && await hasPythonModules("psycopg2")) {
      const other = await createTestDatabase();
      await one("mlflow", onPostgres, () => startMlflow(other.url));
      await other.drop();
    } else if (hasMlflow) notes.push("psycopg2 not found: mlflow was not measured on PostgreSQL");
  }
  return { name: "tracking", machine: describeMachine(), cases, notes };
}
