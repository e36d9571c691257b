/** Latency of the latest requests, with exact percentiles over a window of them. @module */

/** Summary of a window, in milliseconds; percentiles are NaN while it is empty. */
export interface LatencySummary {
  /** All requests since the start, not only those of the window. */
  count: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

export interface LatencyWindow {
  record(ms: number): void;
  summary(): LatencySummary;
  /** The window's latencies, oldest first. */
  recent(): Float64Array;
}

/** A window over the latest `size` requests. Percentiles are of the nearest rank: values that occurred. */
export function createLatencyWindow(size = 4096): LatencyWindow {
  const ring = new Float64Array(size);
  let count = 0;
  const held = () => Math.min(count, size);
  return {
    record(ms) {
      ring[count % size] = ms;
      count++;
    },
    recent() {
      if (count <= size) return ring.slice(0, count);
      const from = count % size;
      const out = new Float64Array(size);
      out.set(ring.subarray(from));
      out.set(ring.subarray(0, from), size - from);
      return out;
    },
    summary() {
      const sorted = ring.slice(0, held()).sort();
      const at = (p: number) =>
        sorted.length === 0 ? NaN : sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];
      return { count, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
    },
  };
}
