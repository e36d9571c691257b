/** The problems of the sampler comparison; sampler_quality.py has the same. */
import type { Trial } from "../mod.ts";

const A6 = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]];
const P6 = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991], [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]];
const C6 = [1.0, 1.2, 3.0, 3.2];
const vector = (t: Trial, n: number, low: number, high: number) =>
  Array.from({ length: n }, (_, i) => t.suggestFloat(`x${i}`, low, high));

interface Table {
  space: [string, unknown[]][];
  losses: number[];
}
let table: Table | null = null;
try {
  table = JSON.parse(Deno.readTextFileSync(new URL("./tabular_hpo.json", import.meta.url)));
} catch { /* made by bench/tabular_hpo.ts */ }

export const problems: Record<string, { optimum: number; objective: (t: Trial) => number }> = {
  branin: {
    optimum: 0.39788735772973816,
    objective(t) {
      const x = t.suggestFloat("x", -5, 10), y = t.suggestFloat("y", 0, 15);
      const b = 5.1 / (4 * Math.PI ** 2), c = 5 / Math.PI;
      return (y - b * x * x + c * x - 6) ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
    },
  },
  hartmann6: {
    optimum: -3.32236801141551,
    objective(t) {
      const x = vector(t, 6, 0, 1);
      let sum = 0;
      for (let k = 0; k < 4; k++) {
        let e = 0;
        for (let i = 0; i < 6; i++) e += A6[k][i] * (x[i] - P6[k][i] * 1e-4) ** 2;
        sum += C6[k] * Math.exp(-e);
      }
      return -sum;
    },
  },
  rosenbrock10: {
    optimum: 0,
    objective(t) {
      const x = vector(t, 10, -5, 10);
      let sum = 0;
      for (let i = 0; i < 9; i++) sum += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2;
      return sum;
    },
  },
  rastrigin10: {
    optimum: 0,
    objective: (t) => vector(t, 10, -5.12, 5.12).reduce((s, v) => s + v * v - 10 * Math.cos(2 * Math.PI * v), 100),
  },
  mixed: {
    optimum: 0,
    objective(t) {
      const rate = t.suggestFloat("rate", 1e-5, 1, { log: true });
      const units = t.suggestInt("units", 4, 256, { log: true });
      const layers = t.suggestInt("layers", 1, 6);
      const drop = t.suggestFloat("drop", 0, 0.5, { step: 0.05 });
      const kind = t.suggestCategorical("kind", ["a", "b", "c", "d"]);
      const shift = { a: 0, b: 0.5, c: 1, d: 0.3 }[kind];
      return (Math.log10(rate) + 2.5 + shift) ** 2 + (Math.log2(units) - 6) ** 2 / 8 +
        Math.abs(layers - 3) / 4 + (drop - 0.2) ** 2 * 5 + shift;
    },
  },
  conditional: {
    optimum: 0,
    objective(t) {
      const kind = t.suggestCategorical("kind", ["tree", "net", "line"]);
      if (kind === "tree") {
        const depth = t.suggestInt("depth", 1, 30), leaf = t.suggestFloat("leaf", 0, 1);
        return 0.3 + Math.abs(depth - 11) / 20 + (leaf - 0.6) ** 2;
      }
      if (kind === "net") {
        const rate = t.suggestFloat("rate", 1e-6, 1, { log: true });
        const width = t.suggestInt("width", 8, 512, { log: true });
        return (Math.log10(rate) + 3) ** 2 / 4 + (Math.log2(width) - 7) ** 2 / 8;
      }
      return 0.8 + (t.suggestFloat("slope", -5, 5) - 2) ** 2 / 10;
    },
  },
  ...(table
    ? {
      tabular: {
        optimum: Math.min(...table.losses),
        objective(t: Trial) {
          let index = 0;
          for (const [name, values] of table!.space) {
            index = index * values.length + t.suggestInt(name, 0, values.length - 1);
          }
          return table!.losses[index];
        },
      },
    }
    : {}),
};
