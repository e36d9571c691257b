/** Runs as lines through one axis per param and metric; the colour is the run's. @module */
import type { Dimension } from "../models/comparison.ts";
import { formatNumber, shorten } from "../models/format.ts";
import { resolveColor } from "./colors.ts";
import { PlotFigure } from "./PlotFigure.tsx";

interface Point {
  axis: string;
  /** 0 at the foot of the axis, 1 at its head. */
  position: number;
  run: number;
  text: string;
}

/** Positions of a dimension's values between 0 and 1. */
export function axisPositions(dimension: Dimension): (number | null)[] {
  if (!dimension.isNumeric) {
    const names = [...new Set(dimension.values.filter((v) => v !== null))].sort();
    const last = Math.max(1, names.length - 1);
    return dimension.values.map((v) =>
      v === null ? null : names.length === 1 ? 0.5 : names.indexOf(v) / last
    );
  }
  const numbers = dimension.values.filter((v) => v !== null) as number[];
  const low = Math.min(...numbers), high = Math.max(...numbers);
  return (dimension.values as (number | null)[]).map((v) =>
    v === null ? null : high === low ? 0.5 : (v - low) / (high - low)
  );
}

export function ParallelCoordinates(
  { dimensions, colors, labels }: {
    dimensions: readonly Dimension[];
    /** One custom property a run. */
    colors: readonly string[];
    labels: readonly string[];
  },
) {
  const names = dimensions.map((d) => shorten(d.key, 18));
  const points: Point[] = dimensions.flatMap((dimension, i) =>
    axisPositions(dimension).flatMap((position, run) => {
      if (position === null) return [];
      const value = dimension.values[run]!;
      const text = typeof value === "number" ? formatNumber(value) : shorten(value, 12);
      return [{ axis: names[i], position, run, text }];
    })
  );
  const ends = dimensions.flatMap((dimension, i) => {
    const own = points.filter((p) => p.axis === names[i]);
    if (!dimension.isNumeric) {
      return [...new Map(own.map((p) => [p.text, { ...p, dy: 0 }])).values()];
    }
    const low = own.find((p) => p.position === 0), high = own.find((p) => p.position === 1);
    return [low && { ...low, dy: 11 }, high && { ...high, dy: -9 }].filter((p) => p !== undefined);
  });
  return (
    <PlotFigure
      label={`Parallel coordinates of ${labels.length} runs over ${dimensions.length} axes`}
      id="parallel-coordinates"
      height={310}
      inputs={[dimensions, colors]}
      draw={(plot, width) =>
        plot.plot({
          width: Math.max(width, dimensions.length * 88),
          height: 310,
          marginTop: 46,
          marginBottom: 24,
          marginLeft: 56,
          marginRight: 56,
          style: { fontSize: "11px", background: "none" },
          x: {
            type: "point",
            domain: names,
            axis: "top",
            label: null,
            tickSize: 0,
            tickPadding: 22,
          },
          y: { axis: null, domain: [0, 1] },
          marks: [
            plot.ruleX(names, { stroke: resolveColor("--border-strong") }),
            plot.line(points, {
              x: "axis",
              y: "position",
              z: "run",
              stroke: (p: Point) => resolveColor(colors[p.run]),
              strokeWidth: 1.8,
              strokeOpacity: labels.length > 12 ? 0.55 : 0.9,
              curve: "bump-x",
            }),
            plot.dot(points, {
              x: "axis",
              y: "position",
              r: 3,
              fill: (p: Point) => resolveColor(colors[p.run]),
              title: (p: Point) => `${labels[p.run]}: ${p.axis} ${p.text}`,
            }),
            plot.text(ends.filter((p) => p.dy < 0), {
              x: "axis",
              y: "position",
              text: "text",
              dy: -9,
              fill: resolveColor("--text-2"),
              stroke: resolveColor("--surface"),
              strokeWidth: 4,
            }),
            plot.text(ends.filter((p) => p.dy > 0), {
              x: "axis",
              y: "position",
              text: "text",
              dy: 11,
              fill: resolveColor("--text-2"),
              stroke: resolveColor("--surface"),
              strokeWidth: 4,
            }),
            plot.text(ends.filter((p) => p.dy === 0), {
              x: "axis",
              y: "position",
              text: "text",
              dx: 7,
              textAnchor: "start",
              fill: resolveColor("--text-2"),
              stroke: resolveColor("--surface"),
              strokeWidth: 4,
            }),
          ],
        })}
    />
  );
}
