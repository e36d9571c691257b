/**
 * Datasets: splits by time, windows with labels, loaders, augmentation and sample weights.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { DataLoader, SupervisedDataset, timeSplit } from "./mod.ts";
 *
 * const length = 100;
 * const column = Float64Array.from({ length }, (_, i) => Math.sin(i / 5));
 * const frame = { names: ["sine"], columns: [column], time: column.map((_, i) => i), length };
 * const labels = { values: column.map((_, i) => column[i + 1] ?? NaN) };
 * const split = timeSplit(length, { train: 0.8, test: 0.2, embargoBars: 2 });
 * const train = new SupervisedDataset({
 *   frame,
 *   labels,
 *   windowBars: 8,
 *   from: split.train[0],
 *   to: split.train[1],
 * });
 * const loader = new DataLoader(train, { batchSize: 16, shuffle: true, seed: 7 });
 * const [first] = loader.epochSync(0);
 * assert.deepEqual(first.shape, [16, 8, 1]);
 * ```
 * @module
 */
export * from "./augmentation.ts";
export * from "./chunked_dataset.ts";
export * from "./data_loader.ts";
export * from "./labelled_frame.ts";
export * from "./rl_dataset.ts";
export * from "./sample_weights.ts";
export * from "./split.ts";
export * from "./supervised_dataset.ts";
