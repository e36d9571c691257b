import { createCharts } from "../backtester/tearsheet/charts.ts";
import type { PlateauMap } from "./plateau_map.ts";

/**
 * The map as a self-contained SVG: green above 0, red below, stronger with size; dashes mark the best
 * cell, a solid frame the middle of the best neighbourhood. The chart library is loaded on first use.
 */
export async function renderPlateau(
  map: PlateauMap,
  labels: { x?: string; y?: string; value?: string } = {},
): Promise<string> {
  const charts = await createCharts();
  const { plot: Plot } = charts;
  const cells = Array.from(map.values, (value, i) => ({
    x: map.xs[i % map.xs.length],
    y: map.ys[Math.floor(i / map.xs.length)],
    value,
  })).filter((c) => Number.isFinite(c.value));
  const most = cells.reduce((m, c) => Math.max(m, Math.abs(c.value)), 1e-12);
  const showsNumbers = map.xs.length <= 16 && map.ys.length <= 24;
  // Many columns cannot all be named below the axis.
  const few = (values: Float64Array) => {
    const step = Math.ceil(values.length / 16);
    return Array.from(values).filter((_, i) => i % step === 0);
  };
  return charts.draw(`${labels.value ?? "Value"} by parameters`, {
    height: Math.max(160, 60 + 22 * map.ys.length),
    marginBottom: 40,
    x: {
      type: "band",
      domain: Array.from(map.xs),
      ticks: few(map.xs),
      label: labels.x ?? "x",
      tickSize: 0,
    },
    y: {
      type: "band",
      domain: Array.from(map.ys).reverse(),
      ticks: few(map.ys),
      label: labels.y ?? "y",
      tickSize: 0,
    },
    color: { type: "identity" },
    opacity: { type: "identity" },
    marks: [
      Plot.cell(cells, {
        x: "x",
        y: "y",
        inset: 0.5,
        fill: (c) => c.value >= 0 ? "var(--up)" : "var(--down)",
        fillOpacity: (c) => 0.06 + 0.74 * Math.abs(c.value) / most,
      }),
      ...(showsNumbers
        ? [Plot.text(cells, {
          x: "x",
          y: "y",
          text: (c) => c.value.toFixed(2),
          fill: "currentColor",
          fontSize: 11,
        })]
        : []),
      Plot.cell([map.plateau], {
        x: "x",
        y: "y",
        inset: 1,
        stroke: "var(--main)",
        strokeWidth: 2,
        fill: "none",
      }),
      Plot.cell([map.best], {
        x: "x",
        y: "y",
        inset: 2,
        stroke: "var(--ink)",
        strokeWidth: 2,
        strokeDasharray: "4,3",
        fill: "none",
      }),
    ],
  });
}
