/**
 * A fitted model as the serving endpoint takes it: an ONNX graph and a page that describes it.
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { loadTf } from "../models/mod.ts";
import { exportFunction, loadOnnx } from "../onnx/mod.ts";
import { formatTime } from "../data/mod.ts";
import { SupervisedDataset } from "../datasets/mod.ts";
import type { FeatureFrame } from "../features/mod.ts";
import type { ExperimentConfig } from "./config.ts";
import type { FittedModel } from "./fit_model.ts";
import type { PreparedData } from "./prepare_data.ts";

/** What `tapebook.json` beside `model.onnx` says. */
export interface ModelCard {
  signature: {
    inputs: { name: string; datatype: "FP32"; shape: number[] }[];
    outputs: { name: string; datatype: "FP32"; shape: number[] }[];
  };
  /** The newest window of the training data, flat and row-major, with its shape. */
  inputExample: { name: string; shape: number[]; data: number[] };
  metadata: {
    kind: string;
    params: Record<string, unknown>;
    backend: string;
    pipeline: { config: unknown; hash: string; warmupBars: number; names: string[] };
    scaler: unknown;
    positionRule: unknown;
    label: { kind: "direction"; horizonBars: number };
    data: { name: string; fingerprint: string; from: string; to: string };
  };
}

export interface ModelPackage {
  onnx: Uint8Array;
  card: ModelCard;
  /** The newest windows, unscaled, and what the training side says of them (scaled there). */
  probe: { shape: [number, number, number]; x: Float32Array; prediction: Float32Array };
  /** Largest difference of the exported graph's answer from the prediction, over the probe. */
  maxAbsDiff: number;
}

/**
 * Exports the network with its description. The probe is for the check that the endpoint answers
 * what training-side prediction says.
 */
export async function packageModel(
  fit: FittedModel,
  data: PreparedData,
  config: ExperimentConfig,
  predict: (x: Float32Array) => Promise<Float32Array>,
  probeWindows = 8,
): Promise<ModelPackage> {
  const { windowBars } = fit.params;
  const features = data.frame.names.length;
  const { bars } = data;
  const newestWindows = (frame: FeatureFrame) => {
    const windows = new SupervisedDataset({
      frame,
      labels: { values: new Float64Array(frame.length) },
      windowBars,
      from: bars.length - probeWindows,
    });
    return windows.batch(Int32Array.from({ length: windows.length }, (_, i) => i));
  };
  const batch = newestWindows(data.frame);
  const newest = batch.x.slice(batch.x.length - windowBars * features);
  const card: ModelCard = {
    signature: {
      inputs: [{ name: "window", datatype: "FP32", shape: [-1, windowBars, features] }],
      outputs: [{ name: "p_up", datatype: "FP32", shape: [-1, 1] }],
    },
    inputExample: { name: "window", shape: [1, windowBars, features], data: Array.from(newest) },
    metadata: {
      kind: fit.model.kind,
      params: { ...fit.params },
      backend: fit.training.backend,
      pipeline: {
        config: data.pipeline.config,
        hash: data.pipeline.hash,
        warmupBars: data.pipeline.warmupBars,
        names: data.frame.names.slice(),
      },
      scaler: fit.scaler,
      positionRule: fit.rule,
      label: { kind: "direction", horizonBars: config.labels.horizonBars },
      data: {
        name: data.name,
        fingerprint: data.fingerprint,
        from: formatTime(bars.time[0]),
        to: formatTime(bars.time[bars.length - 1]),
      },
    },
  };
  // Scaling is part of the graph: a caller sends features as the pipeline computes them.
  const { center, scale } = fit.scaler.config;
  const { tidy, tensor1d } = await loadTf();
  const network = (window: tf.Tensor) => ({
    p_up: tidy(() => {
      const scaled = window.sub(tensor1d(center!, "float32")).div(tensor1d(scale!, "float32"));
      return fit.model.tf.apply(scaled, { training: false }) as tf.Tensor;
    }),
  });
  const onnx = exportFunction(
    network,
    [{ name: "window", dtype: "float32", shape: [-1, windowBars, features] }],
    { dynamicBatch: true, metadata: { "tapebook.card": JSON.stringify(card.metadata) } },
  );
  const prediction = await predict(newestWindows(fit.scaled).x);
  return {
    onnx,
    card,
    probe: { shape: batch.shape, x: batch.x, prediction },
    maxAbsDiff: await compareOnnx(onnx, batch.x, batch.shape, prediction),
  };
}

/** Largest difference between what the graph says in ONNX Runtime and the training side's prediction. */
async function compareOnnx(
  onnx: Uint8Array,
  x: Float32Array,
  shape: number[],
  prediction: Float32Array,
): Promise<number> {
  const loaded = await loadOnnx(onnx);
  try {
    const { p_up } = await loaded.run({ window: { data: x, shape } });
    let largest = 0;
    for (let i = 0; i < prediction.length; i++) {
      largest = Math.max(largest, Math.abs(Number(p_up.data[i]) - prediction[i]));
    }
    return p_up.data.length === prediction.length ? largest : Infinity;
  } finally {
    loaded.dispose();
  }
}
