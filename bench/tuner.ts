/**
 * What a suggestion costs: ask for ten parameters and tell the value, with 10 to 10,000 finished
 * trials in memory, beside Optuna with its in-memory storage. And what the server's store costs:
 * trials of an objective that does nothing, by 2, 8 and 32 workers on one PostgreSQL.
 * @module
 */
import { createRng } from "../lib/math/mod.ts";
import { createStudy, httpStore, type Study } from "../lib/tuner/mod.ts";
import { emptyTrial } from "../lib/tuner/trial_record.ts";
import { findComponent } from "../tests/support/components.ts";
import {
  type BenchCase,
  benchCase,
  type BenchOptions,
  type BenchResult,
  describeMachine,
  runPythonPeer,
} from "./bench_result.ts";

const names = Array.from({ length: 10 }, (_, i) => `x${i}`);

function prepared(sampler: "tpe" | "cmaes" | "gp", count: number): Study {
  const study = createStudy({ sampler, pruner: "none", seed: 1 });
  const rng = createRng(2);
  for (let number = 0; number < count; number++) {
    const params = Object.fromEntries(names.map((name) => [name, 10 * rng.uniform() - 5]));
    const value = Object.values(params).reduce((sum, x) => sum + x * x, 0);
    study.addTrial({
      ...emptyTrial(number),
      state: "complete",
      value,
      values: [value],
      params,
      distributions: Object.fromEntries(
        names.map((
          name,
        ) => [name, { kind: "float" as const, low: -5, high: 5, log: false, step: null }]),
      ),
      startTime: 0,
      endTime: 0,
    });
  }
  return study;
}

/** Milliseconds of ask, ten suggestions and tell; the first of them is not counted, as for the peer. */
function time(study: Study, runs: number): number[] {
  const times: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const start = performance.now();
    const trial = study.ask();
    let total = 0;
    for (const name of names) total += trial.suggestFloat(name, -5, 5) ** 2;
    study.tell(trial, total);
    if (run > 0) times.push(performance.now() - start);
  }
  return times;
}

/** Most finished trials with which the peer is run. */
const peerLimit = { tpe: 10_000, cmaes: 10_000, gp: 1000 };

/** The compiler of this runtime needs some rounds before its code is representative. */
function warmUp(sampler: "tpe" | "cmaes" | "gp", count: number, forMs: number): void {
  const until = performance.now() + forMs;
  do {
    time(
      prepared(sampler, sampler === "gp" ? Math.min(count, 100) : count),
      sampler === "gp" ? 1 : 20,
    );
  } while (performance.now() < until);
}

async function storeCases(
  { quick, log }: BenchOptions,
  notes: string[],
): Promise<BenchCase[]> {
  if (findComponent("postgres") === null) {
    notes.push("no PostgreSQL found: trials/s of the store are left out");
    return [];
  }
  const { openTestServer } = await import("../tests/support/server.ts");
  const cases: BenchCase[] = [];
  for (const workers of quick ? [2] : [2, 8, 32]) {
    const server = await openTestServer("postgres");
    const http = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => server.app.fetch(request),
    );
    try {
      const trials = quick ? 40 : 600;
      const studies = Array.from({ length: workers }, (_, i) =>
        createStudy({
          name: "noop",
          seed: 1,
          sampler: "random",
          pruner: "none",
          ifExists: "load",
          store: httpStore({
            url: `http://127.0.0.1:${http.addr.port}`,
            worker: `w${i}`,
            experiment: null,
          }),
        }));
      for (const study of studies) await study.ready();
      const seen = new Int32Array(trials);
      const start = performance.now();
      await Promise.all(studies.map((study) =>
        study.optimize((trial) => {
          seen[trial.number]++;
          return trial.suggestFloat("x", 0, 1);
        }, { limit: trials })
      ));
      const seconds = (performance.now() - start) / 1000;
      const lost = seen.filter((n) => n === 0).length;
      const doubled = seen.filter((n) => n > 1).length;
      if (lost + doubled > 0) throw new Error(`${lost} trials lost, ${doubled} doubled`);
      cases.push(
        benchCase(`store, ${workers} workers, no-op objective`, "tapebook", "trials/s", [
          trials / seconds,
        ]),
      );
      log(`store, ${workers} workers: ${(trials / seconds).toFixed(0)} trials/s`);
      for (const study of studies) await study.close();
    } finally {
      await http.shutdown();
      await server.close();
    }
  }
  notes.push(
    "store: all workers and the server share one process and the machine's cores; no trial was lost or run twice",
  );
  return cases;
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const { quick, log } = options;
  const notes: string[] = [];
  const cases: BenchCase[] = [];
  const plan = [
    { sampler: "tpe", counts: quick ? [10, 100] : [10, 100, 1000, 10_000], runs: 20 },
    { sampler: "cmaes", counts: quick ? [10, 100] : [10, 100, 1000, 10_000], runs: 20 },
    { sampler: "gp", counts: quick ? [10] : [10, 100, 1000, 10_000], runs: 3 },
  ] as const;
  for (const { sampler, counts, runs } of plan) {
    const times = quick ? 3 : runs;
    const peer = await runPythonPeer<Record<string, number[]>>(
      new URL("./peers/tuner_optuna.py", import.meta.url),
      [sampler, String(times), counts.filter((n) => n <= peerLimit[sampler]).join(",")],
      sampler === "gp" ? ["optuna", "torch"] : ["optuna"],
      log,
    );
    for (const count of counts) {
      const name = `${sampler}: suggest 10 params + tell after ${count} trials`;
      warmUp(sampler, count, quick ? 100 : 1000);
      const ours = benchCase(name, "tapebook", "ms", time(prepared(sampler, count), times));
      cases.push(ours);
      if (peer?.[count]) cases.push(benchCase(name, "optuna", "ms", peer[count]));
      log(`${name}: ${ours.value.toFixed(3)} ms`);
    }
  }
  notes.push(
    "gp learns from at most 400 trials here, from all of them in optuna, whose time grows with the " +
      "third power: it is not run with 10,000 trials (hours, and 800 MB a matrix)",
  );
  cases.push(...await storeCases(options, notes));
  return { name: "tuner", machine: describeMachine(), cases, notes };
}
