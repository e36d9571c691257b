/**
 * What the client has to tell a server, as plain values that can wait on disk.
 * @module
 */

/** A dataset that a run read, in MLflow's fields. */
export interface DatasetInput {
  name: string;
  /** Content hash; MLflow keeps 36 characters, a longer one is also kept whole in a tag. */
  digest: string;
  /** For instance `sample`, `csv`, `parquet`. Default `code`. */
  sourceType?: string;
  /** Where it came from: text, or a value to be written as JSON. */
  source?: unknown;
  schema?: unknown;
  /** Facts about it, for instance its row count. */
  profile?: unknown;
  /** What it was used for: `training`, `validation`, `test`. */
  context?: string;
}

export type RunStatus = "RUNNING" | "SCHEDULED" | "FINISHED" | "FAILED" | "KILLED";

/**
 * One thing to deliver. `run` is the server's run id, or the provisional id (`pending-…`) of a run
 * that the server does not know yet.
 */
export type Operation =
  | {
    kind: "create";
    run: string;
    experiment: { name: string } | { id: string };
    name: string;
    tags: [string, string][];
    startTime: number;
    user: string;
    parent: string | null;
  }
  | {
    kind: "batch";
    run: string;
    /** The request's members as JSON text, without the run id: `"metrics":[…],"params":[…]`. */
    fragment: string;
    /** Metrics alone commute: several such batches may be on their way at once. */
    commutes: boolean;
  }
  | { kind: "inputs"; run: string; datasets: DatasetInput[] }
  | {
    kind: "artifact";
    run: string;
    path: string;
    contentType: string;
    /** The bytes, or the path of a file that holds them. */
    content: Uint8Array | { file: string; owned: boolean };
  }
  | { kind: "update"; run: string; status: RunStatus; endTime: number | null };

/** A provisional id: the server will be asked to make this run. */
export function isProvisional(runId: string): boolean {
  return runId.startsWith("pending-");
}

/** What the operation is about, for messages. */
export function describeOperation(operation: Operation): string {
  switch (operation.kind) {
    case "create":
      return `start of run "${operation.name}"`;
    case "inputs":
      return `dataset ${operation.datasets.map((d) => `"${d.name}"`).join(", ")}`;
    case "artifact":
      return `artifact "${operation.path}"`;
    case "update":
      return `status ${operation.status}`;
    case "batch": {
      const batch = parseFragment(operation.fragment);
      const parts = (["metrics", "params", "tags"] as const).flatMap((kind) => {
        const items = batch[kind];
        if (items.length === 0) return [];
        return items.length === 1
          ? [`${kind.slice(0, -1)} "${items[0].key}"`]
          : [`${items.length} ${kind}`];
      });
      return parts.join(", ");
    }
  }
}

export interface BatchItems {
  metrics: { key: string; value: unknown; timestamp: number; step: number }[];
  params: { key: string; value: string }[];
  tags: { key: string; value: string }[];
}

/** A batch's fragment as values (the slow way, for refusals only). */
export function parseFragment(fragment: string): BatchItems {
  const parsed = JSON.parse(`{${fragment}}`);
  return { metrics: parsed.metrics ?? [], params: parsed.params ?? [], tags: parsed.tags ?? [] };
}

/** Splits a refused batch in two, or null when it holds a single item. */
export function halveFragment(fragment: string): [string, string] | null {
  const batch = parseFragment(fragment);
  const all = (["metrics", "params", "tags"] as const).flatMap((kind) =>
    batch[kind].map((item) => [kind, JSON.stringify(item)] as const)
  );
  if (all.length < 2) return null;
  const half = Math.ceil(all.length / 2);
  const write = (items: typeof all) =>
    (["metrics", "params", "tags"] as const).flatMap((kind) => {
      const own = items.filter((i) => i[0] === kind).map((i) => i[1]);
      return own.length > 0 ? [`"${kind}":[${own.join(",")}]`] : [];
    }).join(",");
  return [write(all.slice(0, half)), write(all.slice(half))];
}
