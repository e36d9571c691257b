/** Writing load on a tracking server. @module */
import { type Client, connections, rates } from "./requests.ts";

const api = "/api/2.0/mlflow";

async function createRun(client: Client, experiment_id: string): Promise<string> {
  const { run } = await client.post<{ run: { info: { run_id: string } } }>(`${api}/runs/create`, {
    experiment_id,
    start_time: Date.now(),
  });
  return run.info.run_id;
}

export interface WriteRates {
  singles: number[];
  points: number[];
  runs: number[];
}

/** Requests, points and runs a second, three rounds of `ms` each; `onRefusal` as for `rates`. */
export async function measureWrites(
  client: Client,
  ms: number,
  onRefusal?: (error: Error) => void,
): Promise<WriteRates> {
  const { experiment_id } = await client.post<{ experiment_id: string }>(
    `${api}/experiments/create`,
    { name: crypto.randomUUID() },
  );
  // Each connection has a run of its own, as sixteen trainings at once have.
  const runIds: string[] = [];
  for (let i = 0; i < connections; i++) runIds.push(await createRun(client, experiment_id));
  let step = 0;
  const single = async (connection: number) => {
    const at = step++;
    await client.post(`${api}/runs/log-metric`, {
      run_id: runIds[connection],
      key: "loss",
      value: Math.sin(at),
      timestamp: 1_700_000_000_000 + at,
      step: at,
    });
  };
  // Fifty steps of twenty metrics, as a training loop that buffers writes them.
  const batch = async (connection: number) => {
    const from = step;
    step += 50;
    await client.post(`${api}/runs/log-batch`, {
      run_id: runIds[connection],
      metrics: Array.from({ length: 1000 }, (_, i) => {
        const at = from + Math.floor(i / 20);
        return {
          key: `metric_${i % 20}`,
          value: Math.sin(at + i),
          timestamp: 1_700_000_000_000 + at,
          step: at,
        };
      }),
    });
  };
  const finished = async () => {
    const run_id = await createRun(client, experiment_id);
    await client.post(`${api}/runs/update`, { run_id, status: "FINISHED", end_time: Date.now() });
  };
  for (let i = 0; i < 32; i++) await single(i % connections);
  return {
    singles: await rates(ms, single, onRefusal),
    points: (await rates(ms, batch, onRefusal)).map((rate) => rate * 1000),
    runs: await rates(ms, finished, onRefusal),
  };
}
