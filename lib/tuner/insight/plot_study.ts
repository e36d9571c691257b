/**
 * Charts of a study as SVG, drawn with Observable Plot; notebooks show them by themselves.
 * @module
 */
import * as data from "./plot_data.ts";
import type { StudyData } from "./plot_data.ts";

export const plotKinds = [
  "history",
  "importances",
  "slice",
  "contour",
  "parallel",
  "rank",
  "edf",
  "pareto",
  "timeline",
  "intermediate",
] as const;
export type PlotKind = (typeof plotKinds)[number];

export interface PlotOptions {
  /** Parameters to show: two for contour and rank; default the most important ones. */
  params?: string[];
  width?: number;
  height?: number;
}

/** A finished chart. A notebook's cell that ends with it shows it. */
export interface StudyPlot {
  kind: PlotKind;
  svg: string;
}

/** Colours that stay readable on white and on black, and apart for the colour-blind (Okabe-Ito). */
const colors = { point: "#3b82c4", best: "#d55e00", good: "#009e73", quiet: "#8a8f98" };
const stateColors = {
  domain: ["complete", "pruned", "failed", "running", "waiting"],
  range: [colors.point, "#e69f00", colors.best, colors.good, colors.quiet],
};

/**
 * Draws one chart of a study.
 *
 * @throws {RangeError} If the study has nothing for this chart yet, or a parameter is unknown.
 */
export async function plotStudy(
  study: StudyData,
  kind: PlotKind,
  options: PlotOptions = {},
): Promise<StudyPlot> {
  if (!plotKinds.includes(kind)) {
    throw new RangeError(
      `Cannot plot study: kind must be one of ${plotKinds.join(", ")}, got ${kind}`,
    );
  }
  const [Plot, { parseHTML }] = await Promise.all([
    import("@observablehq/plot"),
    import("linkedom"),
  ]);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const spec = specOf(Plot, study, kind, options);
  const figure = Plot.plot({
    document: document as unknown as Document,
    width: options.width ?? 720,
    ...(options.height !== undefined ? { height: options.height } : {}),
    marginLeft: 64,
    style: {
      background: "transparent",
      color: "currentColor",
      fontFamily: "system-ui, sans-serif",
    },
    ...spec,
  });
  const svg = figure.tagName.toLowerCase() === "svg" ? figure : figure.querySelector("svg")!;
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const result = { kind, svg: svg.outerHTML };
  Object.defineProperty(result, Symbol.for("Jupyter.display"), {
    value: () => ({ "image/svg+xml": result.svg, "text/plain": `${kind} of ${study.name}` }),
  });
  return result;
}

type PlotLibrary = typeof import("@observablehq/plot");
type Spec = Parameters<PlotLibrary["plot"]>[0];

/** Plot wants mutable rows; an empty list has no chart. */
function some<T>(rows: T[], study: StudyData, kind: string): T[] {
  if (rows.length > 0) return rows;
  throw new RangeError(`Cannot plot ${kind} of study "${study.name}": it has no trial for it yet`);
}

/** The parameters asked for, else the most important ones. */
function chooseParams(study: StudyData, options: PlotOptions, count: number): string[] {
  if (options.params) {
    if (options.params.length < Math.min(count, 2)) {
      throw new RangeError(`Cannot plot study: params must name ${count}, got ${options.params}`);
    }
    return options.params;
  }
  const order = data.importanceData(study).map((row) => row.param);
  const varying = new Set(data.paramNames(study));
  return order.filter((name) => varying.has(name)).slice(0, count);
}

/** From good to bad in colours that are seen on white and on black. */
const ramp = ["#e69f00", "#c46bae", "#3b82c4"];

/** Colour by the first value; the worst fifth shares one colour, so that outliers do not flatten the rest. */
function valueColor(study: StudyData, values: number[]) {
  const sign = study.directions[0] === "maximize" ? -1 : 1;
  const losses = values.map((v) => sign * v).sort((a, b) => a - b);
  const [best, bad] = [losses[0], losses[Math.floor(0.8 * (losses.length - 1))]];
  return {
    range: sign > 0 ? ramp : ramp.toReversed(),
    domain: sign > 0 ? [best, (best + bad) / 2, bad] : [-bad, -(best + bad) / 2, -best],
    type: "linear" as const,
    clamp: true,
    label: "value",
  };
}

function specOf(Plot: PlotLibrary, study: StudyData, kind: PlotKind, options: PlotOptions): Spec {
  const value = study.directions.length === 1 ? "value" : "first value";
  switch (kind) {
    case "history": {
      const rows = some(data.historyData(study), study, kind).filter((r) =>
        Number.isFinite(r.value)
      );
      return {
        inset: 4,
        x: { label: "trial" },
        y: { label: value, grid: true },
        marks: [
          Plot.dot(rows, {
            x: "number",
            y: "value",
            fill: (r) => r.feasible ? colors.point : colors.quiet,
            r: 2.5,
          }),
          Plot.lineY(rows.filter((r) => r.best !== null), {
            x: "number",
            y: "best",
            stroke: colors.best,
            strokeWidth: 2,
            curve: "step-after",
          }),
        ],
      };
    }
    case "importances": {
      const rows = some(data.importanceData(study), study, kind);
      const longest = Math.max(...rows.map((r) => r.param.length));
      return {
        marginLeft: Math.min(240, 24 + 7 * longest),
        x: {
          label: "importance (share)",
          domain: [0, Math.max(...rows.map((r) => r.importance)) * 1.1],
        },
        y: { label: null, domain: rows.map((r) => r.param) },
        marks: [
          Plot.barX(rows, { x: "importance", y: "param", fill: colors.point }),
          Plot.text(rows, {
            x: "importance",
            y: "param",
            text: (r) => r.importance.toFixed(2),
            textAnchor: "start",
            dx: 4,
            fill: "currentColor",
          }),
          Plot.ruleX([0]),
        ],
      };
    }
    case "slice": {
      const names = options.params ?? chooseParams(study, options, 4);
      const rows = some(
        data.sliceData(study, names).filter((r) => Number.isFinite(r.value)),
        study,
        kind,
      );
      // Each parameter has its own axis, so every panel is scaled to [0, 1] and labelled by name.
      const places = new Map(
        data.parallelData(study, names).flatMap((line) =>
          line.points.map((p) => [`${p.param} ${line.number}`, p.at] as const)
        ),
      );
      const placed = rows.filter((r) => places.has(`${r.param} ${r.number}`));
      return {
        fx: { label: null, domain: names },
        x: { label: "low to high of its range", ticks: [0, 0.5, 1] },
        y: { label: value, grid: true },
        inset: 5,
        color: { range: ["#3b82c4", "#e69f00"], type: "linear", label: "trial" },
        marks: [
          Plot.frame({ stroke: colors.quiet, strokeOpacity: 0.4 }),
          Plot.dot(placed, {
            fx: "param",
            x: (r) => places.get(`${r.param} ${r.number}`)!,
            y: "value",
            fill: "number",
            r: 2.5,
          }),
        ],
      };
    }
    case "contour": {
      const [x, y] = chooseParams(study, options, 2);
      const rows = some(data.contourData(study, x, y), study, kind);
      const numeric = rows.every((r) => typeof r.x === "number" && typeof r.y === "number");
      return {
        x: { label: x, ...logScale(study, x) },
        y: { label: y, ...logScale(study, y) },
        inset: 6,
        color: valueColor(study, rows.map((r) => r.value)),
        marks: [
          ...(numeric && rows.length > 3
            ? [Plot.contour(rows, {
              x: "x",
              y: "y",
              fill: "value",
              interpolate: "barycentric",
              blur: 4,
              fillOpacity: 0.6,
            })]
            : []),
          Plot.dot(rows, {
            x: "x",
            y: "y",
            fill: "value",
            stroke: "currentColor",
            strokeWidth: 0.5,
            r: 3,
          }),
        ],
      };
    }
    case "rank": {
      const [x, y] = chooseParams(study, options, 2);
      const rows = some(data.rankData(study, x, y), study, kind);
      return {
        x: { label: x, ...logScale(study, x) },
        y: { label: y, ...logScale(study, y) },
        inset: 6,
        color: { range: ramp, domain: [0, 0.5, 1], type: "linear", label: "rank (0 best)" },
        marks: [Plot.dot(rows, { x: "x", y: "y", fill: "rank", r: 4 })],
      };
    }
    case "parallel": {
      const names = options.params ?? chooseParams(study, options, 8);
      const lines = some(data.parallelData(study, names), study, kind)
        .filter((l) => Number.isFinite(l.value));
      const rows = lines.flatMap((l) =>
        l.points.map((p) => ({ ...p, number: l.number, value: l.value }))
      );
      return {
        x: { label: null, domain: names, type: "point" },
        y: { label: "low to high of its range", ticks: [0, 0.5, 1] },
        color: valueColor(study, lines.map((l) => l.value)),
        marks: [
          Plot.ruleX(names, { stroke: colors.quiet }),
          Plot.line(rows, {
            x: "param",
            y: "at",
            z: "number",
            stroke: "value",
            strokeOpacity: 0.6,
          }),
        ],
      };
    }
    case "edf": {
      const rows = some(data.edfData(study), study, kind);
      return {
        x: { label: value },
        y: { label: "share of trials", domain: [0, 1], grid: true },
        marks: [
          Plot.lineY(rows, {
            x: "value",
            y: "share",
            stroke: colors.point,
            curve: "step-after",
            strokeWidth: 2,
          }),
        ],
      };
    }
    case "pareto": {
      if (study.directions.length < 2) {
        throw new RangeError(`Cannot plot pareto of study "${study.name}": it has one objective`);
      }
      const rows = some(data.paretoData(study), study, kind);
      const front = rows.filter((r) => r.front).sort((a, b) => a.values[0] - b.values[0]);
      return {
        x: { label: `first value (${study.directions[0]})` },
        y: { label: `second value (${study.directions[1]})`, grid: true },
        marks: [
          Plot.dot(rows.filter((r) => !r.front), {
            x: (r) => r.values[0],
            y: (r) => r.values[1],
            fill: (r) => r.feasible ? colors.point : colors.quiet,
            r: 2.5,
            fillOpacity: 0.7,
          }),
          Plot.line(front, {
            x: (r) => r.values[0],
            y: (r) => r.values[1],
            stroke: colors.best,
            strokeOpacity: 0.5,
          }),
          Plot.dot(front, {
            x: (r) => r.values[0],
            y: (r) => r.values[1],
            fill: colors.best,
            r: 3.5,
          }),
        ],
      };
    }
    case "timeline": {
      const rows = some(data.timelineData(study), study, kind);
      return {
        x: { label: "time (UTC)", type: "utc" },
        y: { label: "worker slot", type: "band", reverse: true },
        color: stateColors,
        marks: [
          Plot.barX(rows, {
            x1: (r) => new Date(r.start),
            x2: (r) => new Date(Math.max(r.end, r.start + 1)),
            y: "row",
            fill: "state",
            stroke: "currentColor",
            strokeOpacity: 0.25,
            insetRight: 0.5,
          }),
        ],
      };
    }
    case "intermediate": {
      const rows = some(data.intermediateData(study), study, kind);
      return {
        x: { label: "step" },
        y: { label: "reported value", grid: true },
        color: stateColors,
        marks: [
          Plot.line(rows, {
            x: "step",
            y: "value",
            z: "number",
            stroke: "state",
            strokeOpacity: 0.6,
          }),
          Plot.dot(rows, { x: "step", y: "value", fill: "state", r: 1.5 }),
        ],
      };
    }
  }
}

function logScale(study: StudyData, param: string): { type?: "log"; ticks?: number } {
  const trial = study.trials.find((t) => param in t.distributions);
  const d = trial?.distributions[param];
  return d && d.kind !== "categorical" && d.log ? { type: "log", ticks: 5 } : {};
}
