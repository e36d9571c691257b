import { barFields, type Bars } from "./bars.ts";

/**
 * SHA-256 (hex) of the bars' columns: what a run stores to say which data it read.
 *
 * Hashed are `time, open, high, low, close, volume` one after the other, each as 8-byte
 * little-endian doubles; every NaN as the one canonical NaN. Symbol and timeframe are not hashed.
 */
export async function fingerprintBars(bars: Bars): Promise<string> {
  const fields = ["time", ...barFields] as const;
  const bytes = new Uint8Array(bars.length * 8 * fields.length);
  if (littleEndian) {
    const all = new Float64Array(bytes.buffer);
    fields.forEach((field, k) => all.set(bars[field].subarray(0, bars.length), k * bars.length));
    // Assigning NaN writes the canonical one.
    for (let i = 0; i < all.length; i++) if (all[i] !== all[i]) all[i] = NaN;
  } else {
    const view = new DataView(bytes.buffer);
    fields.forEach((field, k) => {
      for (let i = 0; i < bars.length; i++) {
        view.setFloat64((k * bars.length + i) * 8, bars[field][i], true);
      }
    });
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (b) => b.toString(16).padStart(2, "0")).join("");
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
