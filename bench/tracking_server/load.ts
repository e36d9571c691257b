/** What the tracking benchmark asks of a server, in MLflow's REST protocol. @module */
import { family, type Peer } from "./servers.ts";

export interface LoadSizes {
  singles: number;
  batches: number;
  runs: number;
  searchRuns: number;
  searches: number;
  points: number;
}

export interface Load {
  warmUp(): Promise<void>;
  /** Requests a second, of three rounds. */
  singles(): Promise<number[]>;
  /** Points a second, of three rounds. */
  batches(): Promise<number[]>;
  /** Runs a second, of three rounds. */
  createRuns(): Promise<number[]>;
  fillForSearch(): Promise<void>;
  /** Milliseconds. */
  searches(): Promise<{ p50: number; p99: number }>;
  /** Points a second, of three rounds. */
  readHistory(): Promise<number[]>;
  /** Resident memory of the server's processes. */
  memoryMiB(): Promise<number>;
}

const connections = 16;

/** Runs `task` for 0…count-1, at most 16 at a time. */
async function inParallel(count: number, task: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: connections }, async () => {
    while (next < count) await task(next++);
  }));
}

/** A load on `server`. */
export function createLoad(server: Peer, sizes: LoadSizes): Load {
  const api = `${server.url}/api/2.0/mlflow`;
  let experimentId = "";
  let searchExperiment = "";
  let runId = "";
  let step = 0;

  async function post<T>(path: string, body: unknown): Promise<T> {
    const answer = await fetch(api + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text.slice(0, 300)}`);
    return JSON.parse(text) as T;
  }

  async function newExperiment(): Promise<string> {
    const made = await post<{ experiment_id: string }>("/experiments/create", {
      name: crypto.randomUUID(),
    });
    return made.experiment_id;
  }

  async function newRun(experiment_id: string, start_time = Date.now()): Promise<string> {
    const { run } = await post<{ run: { info: { run_id: string } } }>("/runs/create", {
      experiment_id,
      start_time,
    });
    return run.info.run_id;
  }

  async function rounds(count: number, task: () => Promise<void>): Promise<number[]> {
    const rates: number[] = [];
    for (let round = 0; round < 3; round++) {
      const from = performance.now();
      await task();
      rates.push(count / (performance.now() - from) * 1000);
    }
    return rates;
  }

  const points = (key: string, count: number) => {
    const from = step;
    step += count;
    return Array.from({ length: count }, (_, i) => ({
      key,
      value: Math.sin(from + i),
      timestamp: 1_700_000_000_000 + from + i,
      step: from + i,
    }));
  };

  return {
    async warmUp() {
      experimentId = await newExperiment();
      runId = await newRun(experimentId);
      await inParallel(32, async () => {
        await post("/runs/log-metric", { run_id: runId, ...points("warm", 1)[0] });
      });
    },

    singles: () =>
      rounds(sizes.singles, () =>
        inParallel(sizes.singles, async () => {
          await post("/runs/log-metric", { run_id: runId, ...points("loss", 1)[0] });
        })),

    batches: () =>
      rounds(sizes.batches * 1000, () =>
        inParallel(sizes.batches, async (i) => {
          await post("/runs/log-batch", {
            run_id: runId,
            metrics: points(`batch ${i % 16}`, 1000),
          });
        })),

    createRuns: () =>
      rounds(sizes.runs, () =>
        inParallel(sizes.runs, async () => {
          const run_id = await newRun(experimentId);
          await post("/runs/update", { run_id, status: "FINISHED", end_time: Date.now() });
        })),

    async fillForSearch() {
      searchExperiment = await newExperiment();
      await inParallel(sizes.searchRuns, async (i) => {
        const run_id = await newRun(searchExperiment, 1_700_000_000_000 + i);
        const of = <T>(make: (k: number) => T) => Array.from({ length: 20 }, (_, k) => make(k));
        await post("/runs/log-batch", {
          run_id,
          params: of((k) => ({ key: `param_${k}`, value: String((i * (k + 1)) % 97) })),
          metrics: of((k) => ({
            key: `metric_${k}`,
            value: ((i * 7919 + k * 104729) % 10007) / 10007,
            timestamp: 1_700_000_000_000,
            step: 0,
          })),
        });
      });
    },

    async searches() {
      const asked = [
        { filter: "metrics.metric_3 < 0.5 and params.param_2 = '12'" },
        { filter: "metrics.metric_7 > 0.9", order_by: ["metrics.metric_7 DESC"] },
        { filter: "", order_by: ["metrics.metric_0 ASC"] },
        { filter: "params.param_5 LIKE '1%' and attributes.status = 'RUNNING'" },
      ];
      const times: number[] = [];
      for (let i = 0; i < sizes.searches; i++) {
        const from = performance.now();
        const { runs = [] } = await post<{ runs?: unknown[] }>("/runs/search", {
          experiment_ids: [searchExperiment],
          max_results: 100,
          ...asked[i % asked.length],
        });
        times.push(performance.now() - from);
        if (runs.length === 0) throw new Error("the search found nothing");
      }
      times.sort((a, b) => a - b);
      const at = (share: number) =>
        times[Math.min(times.length - 1, Math.floor(share * times.length))];
      return { p50: at(0.5), p99: at(0.99) };
    },

    async readHistory() {
      const run_id = await newRun(experimentId);
      await inParallel(sizes.points / 1000, async () => {
        await post("/runs/log-batch", { run_id, metrics: points("long", 1000) });
      });
      return await rounds(sizes.points, async () => {
        let read = 0;
        let token = "";
        do {
          const query = new URLSearchParams({ run_id, metric_key: "long", max_results: "25000" });
          if (token) query.set("page_token", token);
          const answer = await fetch(`${api}/metrics/get-history?${query}`);
          const page = await answer.json() as { metrics: unknown[]; next_page_token?: string };
          read += page.metrics.length;
          token = page.next_page_token ?? "";
        } while (token);
        if (read !== sizes.points) throw new Error(`read ${read} of ${sizes.points} points`);
      });
    },

    async memoryMiB() {
      let kib = 0;
      for (const pid of await family(server.pid)) {
        // Deno itself may not read another process's files under /proc.
        const { stdout } = await new Deno.Command("cat", {
          args: [`/proc/${pid}/smaps_rollup`],
          stdout: "piped",
          stderr: "null",
        }).output();
        kib += Number(/^Pss:\s+(\d+)/m.exec(new TextDecoder().decode(stdout))?.[1] ?? 0);
      }
      return kib / 1024;
    },
  };
}
