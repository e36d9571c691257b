/** One point a run over two of its values. @module */
import type { Dimension } from "../models/comparison.ts";
import { formatNumber } from "../models/format.ts";
import { resolveColor } from "./colors.ts";
import { PlotFigure } from "./PlotFigure.tsx";

export function ScatterPlot(
  { x, y, colors, labels, height = 300, id }: {
    x: Dimension;
    y: Dimension;
    colors: readonly string[];
    labels: readonly string[];
    height?: number;
    id?: string;
  },
) {
  const points = labels.map((label, run) => ({ label, run, x: x.values[run], y: y.values[run] }))
    .filter((p) => p.x !== null && p.y !== null);
  const numbers = (d: Dimension) => d.values.filter((v) => typeof v === "number") as number[];
  // Learning rates and the like: all above 0 and over more than two orders of magnitude.
  const isLog = (d: Dimension) => {
    const held = numbers(d);
    return d.isNumeric && held.length > 1 && Math.min(...held) > 0 &&
      Math.max(...held) / Math.min(...held) > 100;
  };
  const scale = (d: Dimension) =>
    d.isNumeric ? isLog(d) ? { type: "log" } as const : {} : { type: "point" } as const;
  return (
    <PlotFigure
      label={`${y.key} over ${x.key}`}
      id={id}
      height={height}
      inputs={[x, y, colors]}
      draw={(plot, width) =>
        plot.plot({
          width,
          height,
          marginLeft: 60,
          marginBottom: 40,
          style: { fontSize: "11px", background: "none" },
          x: { ...scale(x), label: x.key, labelAnchor: "center", nice: x.isNumeric, ticks: 5 },
          y: { ...scale(y), label: y.key, nice: y.isNumeric, grid: true, ticks: 5 },
          marks: [
            plot.dot(points, {
              x: "x",
              y: "y",
              r: 4.5,
              fill: (p: { run: number }) => resolveColor(colors[p.run]),
              fillOpacity: 0.8,
              stroke: resolveColor("--surface"),
              title: (p: { label: string; x: unknown; y: unknown }) =>
                `${p.label}\n${x.key} ${p.x}\n${y.key} ${
                  typeof p.y === "number" ? formatNumber(p.y) : p.y
                }`,
            }),
          ],
        })}
    />
  );
}
