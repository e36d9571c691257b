/**
 * Callbacks for the trainer: several at once, a progress bar, metrics to a tracker.
 * @module
 */
import type { EpochReport, TrainCallbacks } from "./trainer.ts";

/** All callbacks as one, called in order; any of them may stop training. */
export function combineCallbacks(...list: TrainCallbacks[]): TrainCallbacks {
  const signals = list.flatMap((c) => c.signal ? [c.signal] : []);
  return {
    async onEpoch(report) {
      let stop = false;
      for (const c of list) if (await c.onEpoch?.(report) === "stop") stop = true;
      return stop ? "stop" : undefined;
    },
    onBatch(progress) {
      for (const c of list) c.onBatch?.(progress);
    },
    onCheckpoint: list.some((c) => c.onCheckpoint)
      ? async (checkpoint, isBest) => {
        for (const c of list) await c.onCheckpoint?.(checkpoint, isBest);
      }
      : undefined,
    signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
    log: list.find((c) => c.log)?.log,
    resume: list.find((c) => c.resume)?.resume,
  };
}

/** What a tracker's run must offer; `lib/tracking` does. */
export interface MetricSink {
  logMetrics(metrics: Record<string, number>, options: { step: number }): unknown;
}

/** Logs each epoch's numbers with the epoch as the step. */
export function trackEpochs(run: MetricSink, prefix = ""): TrainCallbacks {
  return {
    async onEpoch({ epoch, metrics }) {
      const named = prefix
        ? Object.fromEntries(Object.entries(metrics).map(([k, v]) => [`${prefix}${k}`, v]))
        : metrics;
      await run.logMetrics(named, { step: epoch });
    },
  };
}

export interface ProgressOptions {
  /** Where it goes. Default: standard error. */
  write?: (text: string) => void;
  /** Whether the line may be drawn over. Default: whether standard error is a terminal. */
  terminal?: boolean;
  label?: string;
}

/** A bar of batches and epochs with the losses and the time left; plain lines without a terminal. */
export function progressBar(options: ProgressOptions = {}): TrainCallbacks {
  const encoder = new TextEncoder();
  const {
    write = (text: string) => void Deno.stderr.writeSync(encoder.encode(text)),
    terminal = Deno.stderr.isTerminal(),
    label = "training",
  } = options;
  let drawn = 0;
  let last: EpochReport | undefined;
  let spent = 0;
  const losses = (r: EpochReport) =>
    `loss ${r.loss.toPrecision(4)}${
      r.validationLoss === undefined ? "" : `, validation ${r.validationLoss.toPrecision(4)}`
    }`;
  return {
    onBatch({ batch, batches }) {
      if (!terminal) return;
      const now = performance.now();
      if (now - drawn < 100) return;
      drawn = now;
      const share = (batch + 1) / batches;
      const bar = "#".repeat(Math.round(share * 20)).padEnd(20, ".");
      write(
        `\r\x1b[K${label} [${bar}]${
          last ? ` epoch ${last.epoch + 1}/${last.epochs}, ${losses(last)}` : ""
        }`,
      );
    },
    onEpoch(report) {
      last = report;
      spent += report.seconds;
      const left = spent / (report.epoch + 1) * (report.epochs - report.epoch - 1);
      const line = `${label}: epoch ${report.epoch + 1}/${report.epochs}, ${losses(report)}, ${
        left.toFixed(0)
      } s left`;
      const done = report.epoch + 1 === report.epochs;
      write(terminal ? `\r\x1b[K${line}${done ? "\n" : ""}` : `${line}\n`);
    },
  };
}
