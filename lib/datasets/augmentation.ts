/**
 * Changes made to training windows: noise, dropped features, masked time, mixup, warped windows.
 * Each works in place on one batch and draws from the generator it is given.
 * @module
 */
import type { Rng } from "../math/mod.ts";
import type { Batch } from "./supervised_dataset.ts";

/** One augmentation of the list that a loader applies in order. */
export type Augmentation =
  /** Adds normal noise of standard deviation `scale` to every value. */
  | { kind: "gaussianNoise"; scale: number }
  /** Sets a whole feature of a window to `fill` (default 0) with probability `rate`. */
  | { kind: "featureDropout"; rate: number; fill?: number }
  /** Sets a run of at most `maxBars` bars of each window to `fill` (default 0), never its last bar. */
  | { kind: "timeMask"; maxBars: number; fill?: number }
  /** Mixes each sample with another of the batch, share from Beta(alpha, alpha). Needs soft labels. */
  | { kind: "mixup"; alpha: number }
  /** Stretches or squeezes a part of the window by a factor of `scales` and resamples to its length. */
  | { kind: "windowWarp"; share?: number; scales?: readonly number[] };

/** Checks an augmentation list. @throws {RangeError} Naming the field, its value and what is allowed. */
export function validateAugmentations(list: readonly Augmentation[]): void {
  const need = (ok: boolean, field: string, allowed: string, got: unknown) => {
    if (!ok) throw new RangeError(`Cannot augment: ${field} must be ${allowed}, got ${got}`);
  };
  for (const a of list) {
    if (a.kind === "gaussianNoise") {
      need(a.scale >= 0 && Number.isFinite(a.scale), "scale", "a finite number >= 0", a.scale);
    } else if (a.kind === "featureDropout") {
      need(a.rate >= 0 && a.rate < 1, "rate", "in [0, 1)", a.rate);
    } else if (a.kind === "timeMask") {
      need(Number.isInteger(a.maxBars) && a.maxBars >= 1, "maxBars", "an integer >= 1", a.maxBars);
    } else if (a.kind === "mixup") {
      need(a.alpha > 0 && Number.isFinite(a.alpha), "alpha", "a finite number > 0", a.alpha);
    } else if (a.kind === "windowWarp") {
      need((a.share ?? 0.2) > 0 && (a.share ?? 0.2) < 1, "share", "in (0, 1)", a.share);
      for (const s of a.scales ?? []) need(s > 0 && Number.isFinite(s), "scales", "> 0", s);
    } else {
      need(
        false,
        "kind",
        "one of gaussianNoise, featureDropout, timeMask, mixup, windowWarp",
        (a as { kind: string }).kind,
      );
    }
  }
}

/** Applies `list` to `batch` in place and returns it. */
export function augment(batch: Batch, list: readonly Augmentation[], rng: Rng): Batch {
  for (const a of list) {
    switch (a.kind) {
      case "gaussianNoise":
        gaussianNoise(batch, a.scale, rng);
        break;
      case "featureDropout":
        featureDropout(batch, a.rate, a.fill ?? 0, rng);
        break;
      case "timeMask":
        timeMask(batch, a.maxBars, a.fill ?? 0, rng);
        break;
      case "mixup":
        mixup(batch, a.alpha, rng);
        break;
      case "windowWarp":
        windowWarp(batch, a.share ?? 0.2, a.scales ?? [0.5, 2], rng);
    }
  }
  return batch;
}

function gaussianNoise({ x }: Batch, scale: number, rng: Rng): void {
  for (let i = 0; i < x.length; i++) x[i] += scale * rng.normal();
}

function featureDropout({ x, shape }: Batch, rate: number, fill: number, rng: Rng): void {
  const [n, time, features] = shape;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < features; j++) {
      if (rng.uniform() >= rate) continue;
      for (let t = 0; t < time; t++) x[(i * time + t) * features + j] = fill;
    }
  }
}

function timeMask({ x, shape }: Batch, maxBars: number, fill: number, rng: Rng): void {
  const [n, time, features] = shape;
  if (time < 2) return;
  for (let i = 0; i < n; i++) {
    const bars = Math.min(time - 1, rng.integer(maxBars + 1));
    if (bars === 0) continue;
    const start = rng.integer(time - bars);
    x.fill(fill, (i * time + start) * features, (i * time + start + bars) * features);
  }
}

/** @see Zhang et al. 2018, arXiv:1710.09412 */
function mixup(batch: Batch, alpha: number, rng: Rng): void {
  const [n, time, features] = batch.shape;
  const size = time * features;
  const order = rng.shuffle(Int32Array.from({ length: n }, (_, i) => i));
  const x = batch.x.slice();
  const y = batch.y.slice();
  const w = batch.weights?.slice();
  for (let i = 0; i < n; i++) {
    const share = beta(alpha, rng);
    const other = order[i];
    for (let k = 0; k < size; k++) {
      batch.x[i * size + k] = share * x[i * size + k] + (1 - share) * x[other * size + k];
    }
    for (let k = 0; k < batch.targets; k++) {
      const at = i * batch.targets + k;
      batch.y[at] = share * y[at] + (1 - share) * y[other * batch.targets + k];
    }
    if (w) batch.weights![i] = share * w[i] + (1 - share) * w[other];
  }
}

/** @see Le Guennec et al. 2016, Data augmentation for time series classification using CNNs */
function windowWarp(
  batch: Batch,
  share: number,
  scales: readonly number[],
  rng: Rng,
): void {
  const [n, time, features] = batch.shape;
  const part = Math.max(2, Math.round(share * time));
  if (part >= time) return;
  const source = new Float32Array(time * features);
  for (let i = 0; i < n; i++) {
    const scale = scales[rng.integer(scales.length)];
    const start = rng.integer(time - part);
    const base = i * time * features;
    source.set(batch.x.subarray(base, base + time * features));
    // The warped series is [0, start) as it is, `part` bars stretched by `scale`, then the rest.
    const length = time - part + part * scale;
    for (let t = 0; t < time; t++) {
      const at = (t / (time - 1)) * (length - 1);
      let from: number;
      if (at < start) from = at;
      else if (at < start + part * scale) from = start + (at - start) / scale;
      else from = at - part * scale + part;
      from = Math.min(time - 1, Math.max(0, from));
      const low = Math.floor(from);
      const high = Math.min(time - 1, low + 1);
      const f = from - low;
      for (let j = 0; j < features; j++) {
        batch.x[base + t * features + j] = (1 - f) * source[low * features + j] +
          f * source[high * features + j];
      }
    }
  }
}

/** Beta(a, a) from two gammas. */
function beta(a: number, rng: Rng): number {
  const x = gamma(a, rng);
  const y = gamma(a, rng);
  return x + y > 0 ? x / (x + y) : 0.5;
}

/** @see Marsaglia & Tsang 2000, A simple method for generating gamma variables */
function gamma(shape: number, rng: Rng): number {
  if (shape < 1) return gamma(shape + 1, rng) * Math.pow(1 - rng.uniform(), 1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = rng.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - rng.uniform();
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
