/** Each server's own client library: a loop that logs one value a step, until all is delivered. @module */
import { connect } from "../../lib/tracking/mod.ts";
import { runPythonPeer } from "../bench_result.ts";

/** Points a second of our client, three rounds; its spool lies in a temporary folder. */
export async function measureClient(url: string, calls: number): Promise<number[]> {
  const spoolDir = await Deno.makeTempDir({ prefix: "tapebook-bench-spool-" });
  const tracker = connect(url, { spoolDir });
  const rates: number[] = [];
  for (let round = 0; round < 3; round++) {
    const run = await tracker.startRun({ experimentId: "0", name: "client", capture: false });
    const from = performance.now();
    for (let step = 0; step < calls; step++) {
      run.logMetric("loss", Math.sin(step), { step });
      // The loop's own work lets the client send now and then.
      if (step % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await tracker.flush();
    rates.push(calls / (performance.now() - from) * 1000);
    await run.end();
  }
  await tracker.close();
  await Deno.remove(spoolDir, { recursive: true });
  return rates;
}

/** The same of `mlflow.log_metric(synchronous=False)` and `flush_async_logging`, one round. */
export async function measureMlflowClient(url: string, calls: number): Promise<number[]> {
  const script = new URL("../peers/tracking_mlflow.py", import.meta.url);
  const args = [url, String(calls)];
  const found = await runPythonPeer<{ rate: number }>(script, args, ["mlflow"], () => {});
  return found === null ? [NaN] : [found.rate];
}
