/**
 * Checkpoints of a learner: one safetensors file, written all or nothing.
 * @module
 */
import { decodeSafetensors, encodeSafetensors, writeAtomic } from "../models/mod.ts";
import type { Learner, TrainingRecord } from "./learner.ts";
import { fromJson, toJson } from "./plain_json.ts";
import type { EvaluationReport } from "./trainer.ts";

const format = "tapebook-agent-checkpoint-1";

/** What the trainer itself remembers. */
export interface TrainerState {
  history: TrainingRecord[];
  evaluations: EvaluationReport[];
  /** Highest deterministic mean return of an evaluation. */
  bestReturn: number;
}

/** Bytes of a checkpoint. @throws {Error} If an environment of the learner cannot save its state. */
export function checkpointBytes(learner: Learner, trainer: TrainerState): Uint8Array {
  const { tensors, data } = learner.saveState();
  return encodeSafetensors(tensors, {
    format,
    algorithm: learner.algorithm,
    config: toJson(learner.config),
    data: toJson(data),
    trainer: toJson(trainer),
  });
}

/**
 * Puts a checkpoint back into a learner of the same algorithm and configuration; `totalSteps` may be
 * another.
 *
 * @throws {SyntaxError} If the bytes are truncated, damaged or hold something else.
 * @throws {RangeError} Naming the field in which the configurations differ. Nothing is changed then.
 */
export function restoreCheckpoint(
  bytes: Uint8Array,
  learner: Learner,
  trainer: TrainerState,
  name = "checkpoint",
): void {
  const { tensors, metadata } = decodeSafetensors(bytes, name);
  const expect = (field: string, want: unknown, got: unknown, kind: ErrorConstructor) => {
    if (want === got) return;
    throw new kind(`Cannot load ${name}: ${field} must be ${want}, got ${got}`);
  };
  expect("format", format, metadata.format, SyntaxError);
  expect("algorithm", learner.algorithm, metadata.algorithm, RangeError);
  const stored = fromJson(metadata.config) as Record<string, unknown>;
  const { config } = learner;
  for (const field of new Set([...Object.keys(stored), ...Object.keys(config)])) {
    if (field === "totalSteps") continue;
    expect(field, JSON.stringify(config[field]), JSON.stringify(stored[field]), RangeError);
  }
  learner.restoreState({
    tensors: [...tensors.values()],
    data: fromJson(metadata.data) as Record<string, unknown>,
  });
  const saved = fromJson(metadata.trainer) as TrainerState;
  trainer.history.push(...saved.history);
  trainer.evaluations.push(...saved.evaluations);
  trainer.bestReturn = saved.bestReturn;
}

/** Reads a checkpoint from a file; errors as {@linkcode restoreCheckpoint}, naming the path. */
export async function loadAgentCheckpoint(
  path: string,
  learner: Learner,
  trainer: TrainerState,
): Promise<void> {
  restoreCheckpoint(await Deno.readFile(path), learner, trainer, path);
}

/**
 * Writes `last.safetensors`, and `best.safetensors` for the best policy so far. Returns what was
 * written: [path, is best].
 */
export async function keepCheckpoint(
  directory: string,
  learner: Learner,
  trainer: TrainerState,
  isBest: boolean,
): Promise<[string, boolean][]> {
  const bytes = checkpointBytes(learner, trainer);
  await Deno.mkdir(directory, { recursive: true });
  const written: [string, boolean][] = [];
  for (const name of isBest ? ["last", "best"] : ["last"]) {
    const path = `${directory}/${name}.safetensors`;
    await writeAtomic(path, bytes);
    written.push([path, name === "best"]);
  }
  return written;
}
