/**
 * Tells the server one operation. Telling it twice does no harm: a metric equal in key, timestamp,
 * step and value, a param with the same value, a tag, a status and an artifact's bytes are taken
 * again without effect; a run carries the client's id in a tag, and is looked up by it first when an
 * earlier try may have reached the server.
 * @module
 */
import { TrackingError } from "./errors.ts";
import type { DatasetInput, Operation } from "./operation.ts";
import type { RunIdentity } from "./spool.ts";
import type { Transport } from "./transport.ts";

/** The tag that ties a run to the `startRun` call that asked for it. */
export const clientRunTag = "tapebook.clientRunId";

/** Which server run each provisional id stands for. */
export class RunDirectory {
  readonly #runs = new Map<string, RunIdentity>();
  readonly #experiments = new Map<string, string>();

  set(run: string, identity: RunIdentity): void {
    this.#runs.set(run, identity);
    this.#runs.set(identity.runId, identity);
  }

  get(run: string): RunIdentity | undefined {
    return this.#runs.get(run);
  }

  /** The server's id for `run`, or `run` itself. */
  idOf(run: string): string {
    return this.#runs.get(run)?.runId ?? run;
  }

  experiment(name: string): string | undefined {
    return this.#experiments.get(name);
  }

  setExperiment(name: string, id: string): void {
    this.#experiments.set(name, id);
  }
}

interface ExperimentAnswer {
  experiment: { experiment_id: string; lifecycle_stage: string };
}

export interface RunInfoJson {
  run_id: string;
  run_name?: string;
  experiment_id: string;
  artifact_uri: string;
  status: string;
  start_time?: number;
  end_time?: number;
  lifecycle_stage?: string;
  user_id?: string;
}

/** The id of the experiment called `name`, made when it is missing. */
export async function ensureExperiment(
  transport: Transport,
  directory: RunDirectory,
  name: string,
  retries?: number,
): Promise<string> {
  const known = directory.experiment(name);
  if (known !== undefined) return known;
  const find = async () => {
    const { experiment } = await transport.mlflow<ExperimentAnswer>(
      "GET",
      "experiments/get-by-name",
      { query: { experiment_name: name }, retries },
    );
    if (experiment.lifecycle_stage === "deleted") {
      throw new TrackingError(
        `Cannot use experiment: "${name}" is deleted; restore it or take another name`,
        { status: 400, errorCode: "INVALID_PARAMETER_VALUE", endpoint: "experiments/get-by-name" },
      );
    }
    return experiment.experiment_id;
  };
  let id: string;
  try {
    id = await find();
  } catch (error) {
    if (!(error instanceof TrackingError) || error.errorCode !== "RESOURCE_DOES_NOT_EXIST") {
      throw error;
    }
    try {
      const made = await transport.mlflow<{ experiment_id: string }>(
        "POST",
        "experiments/create",
        { body: { name }, retries },
      );
      id = made.experiment_id;
    } catch (again) {
      // Somebody else made it in between.
      if (!(again instanceof TrackingError) || again.errorCode !== "RESOURCE_ALREADY_EXISTS") {
        throw again;
      }
      id = await find();
    }
  }
  directory.setExperiment(name, id);
  return id;
}

function identityOf(info: RunInfoJson): RunIdentity {
  return {
    runId: info.run_id,
    artifactUri: info.artifact_uri,
    experimentId: info.experiment_id,
  };
}

async function createRun(
  operation: Operation & { kind: "create" },
  transport: Transport,
  directory: RunDirectory,
  mayExist: boolean,
): Promise<RunIdentity> {
  const experimentId = "id" in operation.experiment
    ? operation.experiment.id
    : await ensureExperiment(transport, directory, operation.experiment.name, 0);
  if (mayExist) {
    const found = await transport.mlflow<{ runs?: { info: RunInfoJson }[] }>(
      "POST",
      "runs/search",
      {
        body: {
          experiment_ids: [experimentId],
          filter: `tags."${clientRunTag}" = '${operation.run}'`,
          max_results: 1,
        },
        retries: 0,
      },
    );
    if (found.runs?.length) return identityOf(found.runs[0].info);
  }
  const tags = operation.tags.map(([key, value]) => ({ key, value }));
  if (operation.parent !== null) {
    tags.push({ key: "mlflow.parentRunId", value: directory.idOf(operation.parent) });
  }
  tags.push({ key: clientRunTag, value: operation.run });
  const { run } = await transport.mlflow<{ run: { info: RunInfoJson } }>("POST", "runs/create", {
    body: {
      experiment_id: experimentId,
      run_name: operation.name,
      start_time: operation.startTime,
      user_id: operation.user,
      tags,
    },
    retries: 0,
  });
  return identityOf(run.info);
}

const digestLimit = 36;

function datasetBody(dataset: DatasetInput): unknown {
  const text = (value: unknown) =>
    value === undefined ? undefined : typeof value === "string" ? value : JSON.stringify(value);
  const tags = [{ key: "mlflow.data.context", value: dataset.context ?? "training" }];
  if (dataset.digest.length > digestLimit) {
    tags.push({ key: "tapebook.fingerprint", value: dataset.digest });
  }
  return {
    dataset: {
      name: dataset.name,
      digest: dataset.digest.slice(0, digestLimit),
      source_type: dataset.sourceType ?? "code",
      source: text(dataset.source) ?? "{}",
      schema: text(dataset.schema),
      profile: text(dataset.profile),
    },
    tags,
  };
}

/** `mlflow-artifacts:/1/ab/artifacts` and `model/a b.onnx` give the server's path of the artifact. */
export function artifactPath(artifactUri: string, path: string): string {
  const match = artifactUri.match(/^mlflow-artifacts:(?:\/\/[^/]*)?\/+(.*?)\/*$/);
  if (!match) {
    throw new TrackingError(
      `Cannot reach artifact "${path}": the run's artifact_uri must start with mlflow-artifacts:, ` +
        `got "${artifactUri}" (start the MLflow server with --serve-artifacts)`,
      { status: 400, errorCode: "INVALID_PARAMETER_VALUE", endpoint: "mlflow-artifacts/artifacts" },
    );
  }
  const encoded = [...match[1].split("/"), ...path.split("/")].filter((p) => p !== "")
    .map(encodeURIComponent).join("/");
  return `/api/2.0/mlflow-artifacts/artifacts/${encoded}`;
}

async function uploadArtifact(
  operation: Operation & { kind: "artifact" },
  transport: Transport,
  directory: RunDirectory,
): Promise<void> {
  let identity = directory.get(operation.run);
  if (!identity) {
    const { run } = await transport.mlflow<{ run: { info: RunInfoJson } }>("GET", "runs/get", {
      query: { run_id: operation.run },
      retries: 0,
    });
    identity = identityOf(run.info);
    directory.set(operation.run, identity);
  }
  const { content } = operation;
  const file = content instanceof Uint8Array ? null : await Deno.open(content.file);
  const body = file === null ? content as Uint8Array<ArrayBuffer> : file.readable;
  const response = await transport.raw(
    "PUT",
    artifactPath(identity.artifactUri, operation.path),
    { body, headers: { "content-type": operation.contentType }, timeoutMs: 0 },
  );
  await response.body?.cancel();
}

/**
 * Delivers one operation in one try. `mayExist` says that an earlier try may have arrived.
 * Gives the run's identity for a `create`.
 *
 * @throws {TrackingError} As the server refused it, or with status 0 when it cannot be reached.
 */
export async function deliver(
  operation: Operation,
  transport: Transport,
  directory: RunDirectory,
  mayExist: boolean,
): Promise<RunIdentity | undefined> {
  switch (operation.kind) {
    case "create": {
      const identity = await createRun(operation, transport, directory, mayExist);
      directory.set(operation.run, identity);
      return identity;
    }
    case "batch":
      await transport.mlflow("POST", "runs/log-batch", {
        jsonText: `{"run_id":${
          JSON.stringify(directory.idOf(operation.run))
        },${operation.fragment}}`,
        retries: 0,
      });
      return;
    case "inputs":
      await transport.mlflow("POST", "runs/log-inputs", {
        body: {
          run_id: directory.idOf(operation.run),
          datasets: operation.datasets.map(datasetBody),
        },
        retries: 0,
      });
      return;
    case "artifact":
      await uploadArtifact(operation, transport, directory);
      return;
    case "update":
      await transport.mlflow("POST", "runs/update", {
        body: {
          run_id: directory.idOf(operation.run),
          status: operation.status,
          end_time: operation.endTime ?? undefined,
        },
        retries: 0,
      });
  }
}
