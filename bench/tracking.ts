/**
 * The tracking server beside a real MLflow server: both on the same PostgreSQL, and each on its
 * default database (PGlite, SQLite).
 *
 * Requests go over HTTP from this process. What is read was put into the stores by SQL before
 * (tracking_server/fill.ts says how). Parts, for `--case`: `write`, `search` (`--runs` names one
 * size), `history`, `chart`, `memory`, `client`. `--quick` makes everything small.
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
import { type Fill } from "./tracking_server/fill.ts";
import { measureClient, measureMlflowClient } from "./tracking_server/clients.ts";
import {
  measureChart,
  measureHistory,
  measureInterval,
  measureSearches,
} from "./tracking_server/reads.ts";
import { createClient, percentile } from "./tracking_server/requests.ts";
import {
  memoryMiB,
  type Peer,
  postmasterPid,
  startMlflow,
  startTapebook,
} from "./tracking_server/servers.ts";
import { measureWrites } from "./tracking_server/writes.ts";

const allParts = ["write", "search", "history", "chart", "memory", "client"];

interface Sizes {
  /** Milliseconds of each of three rounds of writes. */
  writeMs: number;
  /** Runs of each experiment that is searched. */
  searchRuns: number[];
  /** Searches timed a page size. */
  searches: { 100: number; 1000: number };
  historyPoints: number;
  chartPoints: number;
  clientCalls: number;
}

const fullSizes: Sizes = {
  writeMs: 2000,
  searchRuns: [10_000, 100_000],
  searches: { 100: 192, 1000: 12 },
  historyPoints: 1_000_000,
  chartPoints: 5_000_000,
  clientCalls: 20_000,
};

const quickSizes: Sizes = {
  writeMs: 300,
  searchRuns: [1000],
  searches: { 100: 12, 1000: 0 },
  historyPoints: 50_000,
  chartPoints: 100_000,
  clientCalls: 1000,
};

/** Between the last request and the look at the memory. */
const settleMs = 5000;

const long = (points: number) => `${"0".repeat(24)}${String(points).padStart(8, "0")}`;
const number = (n: number) => n.toLocaleString("en-US");

interface Setting {
  subject: "tapebook" | "mlflow";
  /** Empty for the default database. */
  databaseUrl: string;
  parts: Set<string>;
  sizes: Sizes;
  add(what: string, unit: string, runs: number[]): void;
  note(text: string): void;
}

async function measure(setting: Setting): Promise<void> {
  const { subject, databaseUrl, parts, sizes, add, note } = setting;
  const isOurs = subject === "tapebook";
  const searched = parts.has("search")
    ? sizes.searchRuns.map((runs, i) => ({ id: 1000 + i, runs }))
    : [];
  // MLflow has no read that thins out in the database: five million of its points are left out.
  const charted = parts.has("chart")
    ? isOurs ? [sizes.historyPoints, sizes.chartPoints] : [sizes.historyPoints]
    : [];
  const lengths = new Set([...parts.has("history") ? [sizes.historyPoints] : [], ...charted]);
  const fill: Fill = {
    experiments: searched,
    series: [...lengths].map((points) => ({ runId: long(points), points })),
  };
  const server: Peer = isOurs
    ? await startTapebook(databaseUrl, fill)
    : await startMlflow(databaseUrl, fill);
  try {
    const client = createClient(server.url);
    const memory = async (when: string) => {
      if (!parts.has("memory")) return;
      const own = await memoryMiB(server.pid);
      add(`memory of the server's processes, ${when}`, "MiB", [own]);
      if (!databaseUrl) return;
      const postmaster = await postmasterPid(databaseUrl);
      const database = postmaster === null ? NaN : await memoryMiB(postmaster);
      if (database > 0) {
        add(`memory with PostgreSQL's processes, ${when}`, "MiB", [own + database]);
      }
    };
    await memory("idle");
    if (parts.has("write")) {
      const refusals: string[] = [];
      const { singles, points, runs } = await measureWrites(
        client,
        sizes.writeMs,
        // Its pool of connections runs dry under sixteen writers now and then.
        isOurs ? undefined : (error) => refusals.push(error.message),
      );
      if (refusals.length) {
        note(`mlflow refused ${refusals.length} writes, not counted; the first: ${refusals[0]}`);
      }
      add("log_metric, one point a request", "requests/s", singles);
      add("log-batch, 1,000 points a request", "points/s", points);
      add("create and finish a run", "runs/s", runs);
    }
    if (parts.has("client")) {
      add(
        "client: points logged one by one and flushed",
        "points/s",
        isOurs
          ? await measureClient(server.url, sizes.clientCalls)
          : await measureMlflowClient(server.url, sizes.clientCalls / 20),
      );
    }
    for (const { id, runs } of searched) {
      for (const pageSize of [100, 1000] as const) {
        const count = sizes.searches[pageSize];
        if (count === 0) continue;
        const times = await measureSearches(client, id, pageSize, count);
        const what = `search ${number(runs)} runs, page of ${number(pageSize)}`;
        add(`${what}, p50`, "ms", [percentile(times, 0.5)]);
        add(`${what}, p99`, "ms", [percentile(times, 0.99)]);
      }
    }
    if (parts.has("history")) {
      add(
        `read a history of ${number(sizes.historyPoints)} points`,
        "points/s",
        [await measureHistory(client, long(sizes.historyPoints), sizes.historyPoints)],
      );
    }
    for (const points of charted) {
      const read = () =>
        isOurs ? measureChart(client, long(points)) : measureInterval(client, long(points));
      const times: number[] = [];
      for (let i = 0; i < 3; i++) times.push(await read());
      add(`thinned-out read of ${number(points)} points`, "ms", times);
    }
    // What the last answers took is collected and given back by then, if ever.
    if (parts.has("memory")) await new Promise((resolve) => setTimeout(resolve, settleMs));
    await memory("after the load");
  } finally {
    await server.stop();
  }
}

/** Runs the benchmark. @throws {RangeError} If a part is unknown. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const { log, quick = false } = options;
  const parts = new Set(options.parts ?? allParts);
  for (const part of parts) {
    if (!allParts.includes(part)) {
      throw new RangeError(
        `Cannot run bench tracking: case must be one of ${allParts.join(", ")}, got ${part}`,
      );
    }
  }
  const sizes = { ...quick ? quickSizes : fullSizes };
  if (options.size !== undefined) sizes.searchRuns = [options.size];
  const notes = [
    "what is read was inserted by SQL into both stores alike, MLflow's latest_metrics included, " +
    "and ANALYZE run on both; searches go one at a time: orders by a metric, filters by metric, " +
    "param and status, first and third pages; what is written comes from 16 connections",
    "memory counts pages that processes share once (PSS), after the load five seconds later; mlflow " +
    "runs its default of 4 workers",
    "thinned-out read: ours keeps first, last, least and greatest of 1,000 spans, mlflow's " +
    "get-history-bulk-interval 2,500 points by rank",
  ];
  const cases: BenchCase[] = [];
  const hasMlflow = await hasPythonModules("mlflow");
  if (!hasMlflow) notes.push("mlflow not found by python3 (TAPEBOOK_PEER_PYTHON): left out");

  const one = async (subject: Setting["subject"], store: string, databaseUrl: string) => {
    // The large sizes are PostgreSQL's: a default database is where one person starts.
    const own = databaseUrl || options.size !== undefined ? sizes : {
      ...sizes,
      searchRuns: sizes.searchRuns.slice(0, 1),
      searches: { ...sizes.searches, 1000: 0 },
      historyPoints: sizes.historyPoints / 10,
    };
    const ownParts = new Set(parts);
    if (!databaseUrl) ownParts.delete("chart");
    await measure({
      subject,
      databaseUrl,
      parts: ownParts,
      sizes: own,
      add(what, unit, runs) {
        const name = `${what} (${store})`;
        cases.push(benchCase(name, subject, unit, runs));
        log(`${name}, ${subject}: ${medianOf(runs).toFixed(1)} ${unit}`);
      },
      note: (text) => notes.push(text),
    });
  };

  if (findComponent("postgres") === null) {
    notes.push("PostgreSQL not found: only the default databases were measured");
  } else {
    const cluster = {
      name: "bench",
      durable: true,
      settings: ["shared_buffers=256MB", "max_wal_size=4GB"],
    };
    notes.push(`PostgreSQL waits for the disk on commit; ${cluster.settings.join(", ")}`);
    const subjects: Setting["subject"][] = ["tapebook"];
    if (hasMlflow && await hasPythonModules("psycopg2")) subjects.push("mlflow");
    else if (hasMlflow) notes.push("psycopg2 not found: mlflow was not measured on PostgreSQL");
    for (const subject of subjects) {
      const database = await createTestDatabase(cluster);
      await one(subject, "PostgreSQL", database.url);
      await database.drop();
    }
  }
  await one("tapebook", "default database", "");
  if (hasMlflow) await one("mlflow", "default database", "");
  return { name: "tracking", machine: describeMachine(), cases, notes };
}
