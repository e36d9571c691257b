/** A figure by Observable Plot, loaded when first shown. @module */
import type * as PlotModule from "@observablehq/plot";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useTheme } from "../models/theme.ts";

export type Plot = typeof PlotModule;

export function PlotFigure(
  { draw, inputs, height = 300, label, id }: {
    /** Makes the figure for a width in pixels. */
    draw: (plot: Plot, width: number) => Element;
    /** The figure is drawn again when one of these changes. */
    inputs: readonly unknown[];
    height?: number;
    label: string;
    id?: string;
  },
) {
  const box = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  const failure = useSignal<string | null>(null);
  const theme = useTheme().version.value;
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const next = Math.floor(entry.contentRect.width);
      if (Math.abs(next - width.peek()) > 2) width.value = next;
    });
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    let isCurrent = true;
    if (width.value === 0) return;
    import("@observablehq/plot").then((plot) => {
      if (!isCurrent) return;
      const figure = draw(plot, width.peek());
      // The box's label says what the figure shows; its parts have no roles of their own.
      figure.setAttribute("aria-hidden", "true");
      box.current?.replaceChildren(figure);
    }).catch((error) => failure.value = (error as Error).message);
    return () => {
      isCurrent = false;
    };
  }, [width.value, theme, ...inputs]);
  return (
    <div
      class="plot-figure"
      ref={box}
      role="img"
      aria-label={label}
      data-testid={id}
      style={{ minHeight: `${height}px` }}
    >
      {failure.value && <p class="bad">{failure.value}</p>}
    </div>
  );
}
