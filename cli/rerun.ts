/**
 * `tapebook rerun RUN`: repeats a recorded experiment from its stored configuration and says whether
 * the metrics are equal.
 * @module
 */
import { parseExperimentConfig, runExperiment } from "../lib/experiment/mod.ts";
import { connect } from "../lib/tracking/mod.ts";
import { chooseBackend } from "../lib/training/mod.ts";
import { parseArgs, UsageError } from "./args.ts";
import { onStopSignal } from "./start.ts";

/** Metrics that two runs differ in; NaN equals NaN. */
export function metricDifferences(
  before: Record<string, number>,
  after: Record<string, number>,
): { name: string; before: number | undefined; after: number | undefined }[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.filter((name) => !Object.is(before[name], after[name]))
    .map((name) => ({ name, before: before[name], after: after[name] }));
}

export async function rerunCommand(args: string[]): Promise<number> {
  const { rest } = parseArgs("rerun", args, {});
  if (rest.length !== 1) {
    throw new UsageError(`Cannot rerun: give one run id, got ${rest.length}`);
  }
  const tracker = connect();
  const stop = new AbortController();
  const stopping = onStopSignal();
  stopping.signal.then((name) => stop.abort(new Error(`stopped by ${name}`)));
  try {
    const original = await tracker.getRun(rest[0]);
    if (original.tags["tapebook.kind"] !== "experiment") {
      throw new Error(
        `Cannot rerun: run must be an experiment's parent run, got ${original.name} (${rest[0]})`,
      );
    }
    const stored = await tracker.reader.downloadArtifact(original.runId, "experiment.json");
    const config = parseExperimentConfig(JSON.parse(new TextDecoder().decode(stored)));
    const backend = await chooseBackend(original.tags["tapebook.backend"]);
    if (backend.name !== original.tags["tapebook.backend"]) {
      console.log(
        `The backend differs: recorded ${original.tags["tapebook.backend"]}, now ${backend.name}`,
      );
    }
    const result = await runExperiment(config, {
      tracker,
      runName: `${original.name} (rerun)`,
      tags: { "tapebook.rerunOf": original.runId },
      signal: stop.signal,
      log: (line) => console.log(line),
      onData({ fingerprint }) {
        const recorded = original.tags["tapebook.data.fingerprint"];
        if (recorded !== fingerprint) {
          console.log(`The bars have changed: recorded ${recorded}, now ${fingerprint}`);
        }
      },
    });
    const again = await tracker.getRun(result.runId);
    const differences = metricDifferences(original.metrics, again.metrics);
    console.log(`${tracker.uri}/compare?runs=${original.runId},${again.runId}`);
    if (differences.length === 0) {
      console.log(`Equal: all ${Object.keys(again.metrics).length} metrics`);
      return 0;
    }
    for (const d of differences) console.log(`${d.name}: was ${d.before}, is ${d.after}`);
    console.log(`${differences.length} metrics differ`);
    return 1;
  } finally {
    stopping.stop();
    await tracker.close();
  }
}
