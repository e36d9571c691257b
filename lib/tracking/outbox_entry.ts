/**
 * What stands in the outbox's lanes.
 * @module
 */
import type { RunDirectory } from "./deliver.ts";
import type { Operation } from "./operation.ts";
import type { RunIdentity, SpooledOperation } from "./spool.ts";

/** An operation that waits. */
export interface Entry {
  seq: number;
  lane: string;
  /** In memory, or null once it lies in the spool. */
  operation: Operation | null;
  spooled: SpooledOperation | null;
  bytes: number;
  commutes: boolean;
  attempts: number;
  /** Delivered, refused, or safe on disk: whoever logs may go on. */
  settled: PromiseWithResolvers<void>;
  /** Delivered (resolves) or refused for good (rejects). */
  delivered: PromiseWithResolvers<RunIdentity | undefined>;
  /** The caller of `startRun` waits for it and hears of a refusal itself. */
  attended: boolean;
}

/** Operations of one run in order; those before `head` are done with. */
export interface Lane {
  entries: Entry[];
  head: number;
  running: boolean;
}

/** An entry with nothing in it yet. */
export function newEntry(): Entry {
  const settled = Promise.withResolvers<void>();
  const delivered = Promise.withResolvers<RunIdentity | undefined>();
  delivered.promise.catch(() => {});
  return {
    seq: 0,
    lane: "",
    operation: null,
    spooled: null,
    bytes: 0,
    commutes: false,
    attempts: 0,
    settled,
    delivered,
    attended: false,
  };
}

/** On disk the server's own id stands wherever it is known: another process may read it. */
export function resolveRun(operation: Operation, directory: RunDirectory): Operation {
  if (operation.kind === "create") {
    return operation.parent === null
      ? operation
      : { ...operation, parent: directory.idOf(operation.parent) };
  }
  return { ...operation, run: directory.idOf(operation.run) };
}
