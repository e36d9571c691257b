/**
 * What the supervisor and its workers say to each other; everything else goes through shared memory.
 * @module
 */
import type { ResolvedA3cConfig } from "./a3c_config.ts";
import type { EnvironmentAddress } from "./environment_module.ts";
import type { RemotePort } from "./remote_environment.ts";
import type { SharedMemory } from "./shared_memory.ts";

/** The first and only message to a worker. */
export interface WorkerInit {
  index: number;
  /** How many workers sat on this seat before: a replacement draws other random numbers. */
  attempt: number;
  memory: SharedMemory;
  config: ResolvedA3cConfig;
  environment: { kind: "module"; address: EnvironmentAddress } | {
    kind: "remote";
    port: RemotePort;
  };
  /** ONNX bytes of acting on one observation and of a segment's gradient. */
  forward: Uint8Array;
  gradient: Uint8Array;
  /** Numbers of an LSTM's state; 0 without one. */
  stateSize: number;
}

/** What a worker sends. */
export type WorkerReply =
  /** Its environment lives on the supervisor's thread and is asked for something. */
  | { kind: "environment" }
  | { kind: "done" }
  | {
    kind: "failed";
    /** Whether a replacement would fail in the same way. */
    isFatal: boolean;
    error: { name: string; message: string; environment?: number };
  };
