/**
 * Checkpoints: everything that training needs to go on as if it had never stopped.
 * @module
 */
import {
  type AnyModelConfig,
  decodeSafetensors,
  encodeSafetensors,
  type Model,
  writeAtomic,
} from "../models/mod.ts";
import type { BatchParts } from "./batch_parts.ts";
import type { OptimizerState } from "./optimizers.ts";
import type { ScheduleState } from "./schedules.ts";
import type { EpochRecord } from "./trainer.ts";

export interface Checkpoint {
  /** Trainable weights after the last epoch of `history`, flat. */
  weights: Float32Array;
  bestWeights: Float32Array;
  bestEpoch: number;
  optimizer: OptimizerState;
  schedule: ScheduleState;
  /** How batches were computed: another way rounds differently. */
  parts: BatchParts;
  history: EpochRecord[];
}

const format = "tapebook-checkpoint-1";

/** Bytes of a checkpoint: a safetensors file. */
export function checkpointToBytes(model: Model, checkpoint: Checkpoint): Uint8Array {
  const tensor = (name: string, values: Float32Array) => ({
    name,
    shape: [values.length],
    values,
  });
  return encodeSafetensors([
    tensor("weights", checkpoint.weights),
    tensor("bestWeights", checkpoint.bestWeights),
    ...checkpoint.optimizer.slots.map((s, k) => tensor(`slot${k}`, s)),
  ], {
    format,
    config: JSON.stringify(model.config),
    bestEpoch: String(checkpoint.bestEpoch),
    step: String(checkpoint.optimizer.step),
    slots: String(checkpoint.optimizer.slots.length),
    form: checkpoint.optimizer.form ?? "plain",
    schedule: JSON.stringify(checkpoint.schedule),
    parts: JSON.stringify(checkpoint.parts),
    history: JSON.stringify(checkpoint.history),
  });
}

/**
 * The checkpoint that {@linkcode checkpointToBytes} wrote.
 *
 * @param model When given, the checkpoint must be of a model of the same configuration.
 * @throws {SyntaxError} If the bytes are truncated, damaged or hold something else.
 * @throws {RangeError} If the checkpoint is another model's.
 */
export function checkpointFromBytes(
  bytes: Uint8Array,
  options: { model?: Model; name?: string } = {},
): Checkpoint {
  const what = options.name ?? "checkpoint";
  const { tensors, metadata } = decodeSafetensors(bytes, what);
  if (metadata.format !== format) {
    throw new SyntaxError(`Cannot load ${what}: format must be ${format}, got ${metadata.format}`);
  }
  if (options.model) {
    const stored = JSON.parse(metadata.config) as AnyModelConfig;
    const fields = new Set([...Object.keys(stored), ...Object.keys(options.model.config)]);
    for (const field of fields) {
      const [want, got] = [options.model.config[field], stored[field]].map((v) =>
        JSON.stringify(v)
      );
      if (want !== got) {
        throw new RangeError(`Cannot load ${what}: ${field} must be ${want}, got ${got}`);
      }
    }
  }
  const values = (name: string) => {
    const t = tensors.get(name);
    if (!t) throw new SyntaxError(`Cannot load ${what}: tensor ${name} must be there, got none`);
    return t.values;
  };
  return {
    weights: values("weights"),
    bestWeights: values("bestWeights"),
    bestEpoch: Number(metadata.bestEpoch),
    optimizer: {
      step: Number(metadata.step),
      slots: Array.from({ length: Number(metadata.slots) }, (_, k) => values(`slot${k}`)),
      form: metadata.form as "plain" | "compiled",
    },
    schedule: JSON.parse(metadata.schedule),
    // Earlier files were written without parts: they knew of none.
    parts: metadata.parts ? JSON.parse(metadata.parts) : { lanes: 1 },
    history: JSON.parse(metadata.history),
  };
}

/** Writes a checkpoint to a file, all or nothing. */
export async function saveCheckpoint(
  path: string,
  model: Model,
  checkpoint: Checkpoint,
): Promise<void> {
  await writeAtomic(path, checkpointToBytes(model, checkpoint));
}

/** Reads a checkpoint from a file. Errors as {@linkcode checkpointFromBytes}, naming the path. */
export async function loadCheckpoint(path: string, model?: Model): Promise<Checkpoint> {
  return checkpointFromBytes(await Deno.readFile(path), { model, name: path });
}

/**
 * A callback that keeps `last.safetensors` and `best.safetensors` in a folder.
 *
 * ```ts ignore
 * await trainSupervised(model, data, config, { onCheckpoint: keepCheckpoints(model, dir) });
 * ```
 */
export function keepCheckpoints(
  model: Model,
  directory: string,
): (checkpoint: Checkpoint, isBest: boolean) => Promise<void> {
  return async (checkpoint, isBest) => {
    await Deno.mkdir(directory, { recursive: true });
    await saveCheckpoint(`${directory}/last.safetensors`, model, checkpoint);
    if (isBest) await saveCheckpoint(`${directory}/best.safetensors`, model, checkpoint);
  };
}
