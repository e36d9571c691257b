/** What the server refused for good: told by the next flush, and kept beside the spool. @module */
import { join } from "node:path";
import type { Rejection, TrackingError } from "./errors.ts";
import { describeOperation, type Operation } from "./operation.ts";
import { withContentOnDisk } from "./spool.ts";

export class Refusals {
  /** Where refused records are kept; null where there is no spool. */
  readonly path: string | null;
  readonly #spoolDir: string | null;
  readonly #warn: (message: string) => void;
  #untold: Rejection[] = [];

  constructor(spoolDir: string | null, warn: (message: string) => void) {
    this.#spoolDir = spoolDir;
    this.#warn = warn;
    this.path = spoolDir === null ? null : join(spoolDir, "refused.jsonl");
  }

  /** Keeps the operation number `seq` of the run with why it was refused. */
  add(runId: string, seq: number, operation: Operation, error: TrackingError): void {
    const what = describeOperation(operation);
    this.#untold.push({ runId, what, error });
    if (this.#spoolDir === null || this.path === null) return;
    try {
      Deno.mkdirSync(this.#spoolDir, { recursive: true, mode: 0o700 });
      const record = operation.kind === "artifact" && operation.content instanceof Uint8Array
        ? withContentOnDisk(operation, this.#spoolDir)
        : operation;
      Deno.writeTextFileSync(
        this.path,
        JSON.stringify({
          time: new Date().toISOString(),
          seq,
          error: { status: error.status, code: error.errorCode, message: error.message },
          op: record,
        }) + "\n",
        { append: true, create: true, mode: 0o600 },
      );
    } catch (cause) {
      this.#warn(`Cannot keep refused ${what}: ${cause instanceof Error ? cause.message : cause}`);
    }
  }

  /** Refusals since the last call, of one run or of all; then forgotten. */
  take(runId?: string): Rejection[] {
    const taken = this.#untold.filter((r) => runId === undefined || r.runId === runId);
    this.#untold = this.#untold.filter((r) => !taken.includes(r));
    return taken;
  }
}
