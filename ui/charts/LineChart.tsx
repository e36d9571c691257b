/** Lines over steps or time, drawn by uPlot on a canvas; thousands of points pan and zoom freely. @module */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import { formatNumber } from "../models/format.ts";
import { useTheme } from "../models/theme.ts";
import { resolveColor, withAlpha } from "./colors.ts";
import { type Curve, joinCurves } from "./smoothing.ts";

export interface LineSeries extends Curve {
  label: string;
  /** Custom property of the colour, for instance `--series-1`. */
  color: string;
  /** Shade the area to 0. */
  fill?: boolean;
  /** Hold each value until the next. */
  stepped?: boolean;
  dashed?: boolean;
}

export interface LineChartProps {
  series: readonly LineSeries[];
  xKind: "step" | "time";
  /** What a step is: `bar`, `epoch`. */
  xLabel?: string;
  /** What the y axis measures, with its unit. */
  yLabel?: string;
  formatY?: (value: number) => string;
  height?: number;
  logY?: boolean;
  /** Charts of one key share their cursor and zoom. */
  sync?: string;
  id?: string;
}

const day = new Intl.DateTimeFormat("en-GB", {
  year: "numeric",
  month: "short",
  day: "2-digit",
  timeZone: "UTC",
});

/** Formats of time by the distance of the ticks in seconds, one line each. */
const timeFormats: uPlot.Axis.Values = [
  [365 * 86_400, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * 86_400, "{MMM} {YYYY}", null, null, null, null, null, null, 1],
  [86_400, "{D} {MMM}", null, null, null, null, null, null, 1],
  [60, "{HH}:{mm}", null, null, null, null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 1],
];

/** Width of the y axis in charts that stand above each other and share their x axis. */
const alignedAxis = 76;

function makeOptions(
  props: LineChartProps,
  width: number,
  onCursor: (index: number | null) => void,
) {
  const { series, xKind, xLabel, yLabel, height = 220, logY, sync } = props;
  const formatY = props.formatY ?? formatNumber;
  const text = resolveColor("--text-2");
  const line = withAlpha(resolveColor("--border-strong"), 0.45);
  const font = '11px "Inter Variable", system-ui, sans-serif';
  const axis = {
    stroke: text,
    font,
    labelFont: font,
    labelSize: 18,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
  };
  const options: uPlot.Options = {
    width,
    height,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: {
      drag: { x: true, y: false, uni: 20 },
      points: { size: 7 },
      focus: { prox: 24 },
      ...(sync ? { sync: { key: sync, scales: ["x", null] } } : {}),
    },
    focus: { alpha: series.length > 1 ? 0.25 : 1 },
    scales: {
      x: { time: xKind === "time" },
      y: { distr: logY ? 3 : 1 },
    },
    axes: [
      {
        ...axis,
        label: xKind === "time" ? undefined : xLabel ?? "step",
        size: 30,
        space: xKind === "time" ? 84 : 70,
        ...(xKind === "time" ? { values: timeFormats } : {}),
      },
      {
        ...axis,
        label: yLabel,
        labelGap: 2,
        size: (_plot, values) => {
          const longest = Math.max(3, ...(values ?? []).map((value) => value.length));
          return sync ? alignedAxis - 20 : 12 + 6.3 * longest;
        },
        values: (_plot, splits) => splits.map((value) => value === null ? "" : formatY(value)),
        space: 34,
      },
    ],
    series: [
      {},
      ...series.map((s): uPlot.Series => {
        const color = resolveColor(s.color);
        return {
          label: s.label,
          stroke: color,
          width: 1.6,
          dash: s.dashed ? [5, 4] : undefined,
          fill: s.fill ? withAlpha(color, 0.14) : undefined,
          fillTo: s.fill ? 0 : undefined,
          paths: s.stepped ? uPlot.paths.stepped!({ align: 1 }) : undefined,
          points: { show: s.x.length <= 1, size: 6, fill: color },
          spanGaps: true,
        };
      }),
    ],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
  };
  return options;
}

/** The index of the point of `values` that is nearest to `index` and has a value, within `reach`. */
function nearestValue(values: (number | null)[], index: number, reach = 200): number | null {
  for (let d = 0; d <= reach; d++) {
    if (values[index - d] != null) return values[index - d];
    if (values[index + d] != null) return values[index + d];
  }
  return null;
}

export function LineChart(props: LineChartProps) {
  const { series, xKind, height = 220, logY, id } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const cursor = useSignal<number | null>(null);
  const theme = useTheme().version.value;
  const joined = useMemo(() => joinCurves(series), [series]);
  const data = useMemo(() => {
    // uPlot counts time in seconds; a logarithmic axis has no place for 0 or less.
    const x = xKind === "time" ? joined.x.map((ms) => ms / 1000) : joined.x;
    const ys = logY
      ? joined.ys.map((row) => row.map((value) => value !== null && value > 0 ? value : null))
      : joined.ys;
    return [x, ...ys] as uPlot.AlignedData;
  }, [joined, xKind, logY]);
  const shape = series.map((s) => `${s.label}|${s.color}|${s.dashed}|${s.x.length <= 1}`).join(
    "\n",
  );

  useLayoutEffect(() => {
    const element = box.current!;
    const options = makeOptions(props, element.clientWidth || 400, (index) => cursor.value = index);
    const made = new uPlot(options, data, element);
    plot.current = made;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, xKind, logY, theme, height, props.yLabel]);

  useEffect(() => {
    const made = plot.current;
    if (!made || made.data === data) return;
    // News must not throw a reader out of the part of the curve that was zoomed to.
    const [x] = made.data;
    const { min, max } = made.scales.x;
    const isZoomed = x.length > 1 && ((min ?? x[0]) > x[0] || (max ?? Infinity) < x[x.length - 1]);
    made.setData(data, !isZoomed);
    if (isZoomed) made.redraw();
  }, [data]);

  const index = cursor.value;
  const formatY = props.formatY ?? formatNumber;
  const last = joined.x.length - 1;
  const at = index ?? last;
  const xText = at < 0
    ? ""
    : xKind === "time"
    ? day.format(joined.x[at])
    : `${props.xLabel ?? "step"} ${formatNumber(joined.x[at])}`;
  return (
    <div class="chart" data-testid={id}>
      <div class="readout">
        <span>{xText}</span>
        {series.map((s, i) => {
          const value = at < 0 ? null : nearestValue(joined.ys[i], at);
          return (
            <span key={s.label}>
              <i class="swatch" style={{ background: `var(${s.color})` }} />
              {series.length > 1 && s.label}
              <b>{value === null ? "\u2013" : formatY(value)}</b>
            </span>
          );
        })}
      </div>
      <div
        ref={box}
        style={{ height: `${height}px` }}
        role="img"
        aria-label={`${props.yLabel ?? "values"} of ${series.map((s) => s.label).join(", ")}`}
        title="Drag to zoom, double-click to reset"
      />
    </div>
  );
}
