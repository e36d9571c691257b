/**
 * Metrics as a run folder of Weights & Biases' offline mode, which `wandb sync FOLDER` uploads.
 *
 * The folder's `.wandb` file is a log in LevelDB's format (blocks of 32 KiB, records with a CRC-32) of
 * messages `wandb_internal.Record`. Written are the run with its configuration, one history and one
 * summary record per step, and the run's end: what the client itself writes, less its observations of
 * the machine.
 *
 * @see https://github.com/wandb/wandb/blob/main/wandb/proto/wandb_internal.proto
 * @module
 */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { MessageWriter } from "../onnx/graph/protobuf.ts";
import type { TrainCallbacks } from "./trainer.ts";

const blockSize = 32768;
const recordHeader = 7;
/** Kinds of pieces of a record: whole, or its first, a middle and the last. */
const piece = { full: 1, first: 2, middle: 3, last: 4 } as const;

export interface WandbOfflineOptions {
  project: string;
  /** Shown instead of the id. */
  name?: string;
  /** Settings of the run. */
  config?: Record<string, unknown>;
  /** Eight letters and digits; default random. */
  runId?: string;
  /** Milliseconds since 1970; default Date.now. */
  clock?: () => number;
}

/** Writes one run that `wandb sync` reads. */
export class WandbOfflineWriter {
  /** The run's folder, `offline-run-DATE_TIME-ID`. */
  readonly path: string;
  readonly #file: Deno.FsFile;
  readonly #clock: () => number;
  readonly #began: number;
  #written = 0;
  #records = 0;

  /** @param directory Where run folders lie; the client's own is called `wandb`. */
  constructor(directory: string, options: WandbOfflineOptions) {
    this.#clock = options.clock ?? Date.now;
    this.#began = this.#clock();
    const runId = options.runId ?? crypto.randomUUID().replaceAll("-", "").slice(0, 8);
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(runId)) {
      throw new RangeError(
        `Cannot write run: runId must be up to 64 letters, digits, "_" and "-", got ${runId}`,
      );
    }
    const [date, time] = new Date(this.#began).toISOString().replaceAll(/[-:]|\..*/g, "").split(
      "T",
    );
    this.path = join(directory, `offline-run-${date}_${time}-${runId}`);
    Deno.mkdirSync(join(this.path, "files"), { recursive: true });
    const file = join(this.path, `run-${runId}.wandb`);
    this.#file = Deno.openSync(file, { write: true, createNew: true });
    // Its name, a magic number and the version of the log.
    this.#append(Uint8Array.of(...new TextEncoder().encode(":W&B"), 0xe1, 0xbe, 0));
    this.#record(21, new MessageWriter());
    const config = new MessageWriter();
    for (const [key, value] of Object.entries(options.config ?? {})) {
      config.message(
        1,
        new MessageWriter().string(1, key).string(16, JSON.stringify(value ?? null)),
      );
    }
    const start = new MessageWriter().int(1, Math.floor(this.#began / 1000))
      .int(2, (this.#began % 1000) * 1e6);
    this.#record(
      17,
      new MessageWriter().string(1, runId).string(3, options.project).message(4, config)
        .string(8, options.name ?? runId).message(17, start),
    );
  }

  /** Appends the numbers of one step. */
  scalars(values: Record<string, number>, step: number): void {
    const now = this.#clock();
    const all = {
      ...values,
      _step: step,
      _runtime: (now - this.#began) / 1000,
      _timestamp: now / 1000,
    };
    const [summary, history] = [new MessageWriter(), new MessageWriter()];
    for (const [key, value] of Object.entries(all)) {
      // JSON has no NaN: the client writes its name.
      const json = JSON.stringify(Number.isFinite(value) ? value : String(value));
      for (const list of [summary, history]) {
        list.message(1, new MessageWriter().string(2, key).string(16, json));
      }
    }
    this.#record(3, summary);
    this.#record(2, history.message(2, new MessageWriter().int(1, step)));
  }

  /** Writes the run's end. @param exitCode 0: it succeeded. */
  close(exitCode = 0): void {
    const runtime = Math.round((this.#clock() - this.#began) / 1000);
    this.#record(18, new MessageWriter().int(1, exitCode).int(2, runtime));
    this.#file.close();
  }

  /** Writes each epoch of a training. */
  callbacks(): TrainCallbacks {
    return { onEpoch: ({ epoch, metrics }) => this.scalars(metrics, epoch) };
  }

  #record(field: number, message: MessageWriter): void {
    const data = new MessageWriter().int(1, ++this.#records).message(field, message).finish();
    for (let at = 0, isFirst = true; isFirst || at < data.length; isFirst = false) {
      let room = blockSize - this.#written % blockSize;
      if (room < recordHeader) {
        this.#append(new Uint8Array(room));
        room = blockSize;
      }
      const part = data.subarray(at, at + room - recordHeader);
      at += part.length;
      const isLast = at === data.length;
      const kind = isFirst ? isLast ? piece.full : piece.first : isLast ? piece.last : piece.middle;
      const out = new Uint8Array(recordHeader + part.length);
      out[6] = kind;
      out.set(part, recordHeader);
      const view = new DataView(out.buffer);
      view.setUint32(0, crc32(out.subarray(6)), true);
      view.setUint16(4, part.length, true);
      this.#append(out);
    }
  }

  #append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    this.#written += bytes.length;
  }
}
