/**
 * The search as a picture.
 * @module
 */
import type { FrozenTrial } from "../tuner/mod.ts";

/** SVG of each trial's validation loss by epoch; the best trial stands out, pruned ones are dashed. */
export async function trialsPlot(
  trials: FrozenTrial[],
  options: { width?: number; height?: number } = {},
): Promise<string> {
  const [Plot, { parseHTML }] = await Promise.all([
    import("@observablehq/plot"),
    import("linkedom"),
  ]);
  const { document } = parseHTML("<html><body></body></html>");
  const points = trials.flatMap((t) =>
    [...t.intermediate].map(([epoch, loss]) => ({
      trial: t.number,
      epoch: epoch + 1,
      loss,
      state: t.state,
    }))
  );
  const complete = trials.filter((t) => t.state === "complete" && t.value !== null);
  const best = complete.reduce<FrozenTrial | null>(
    (a, b) => a === null || b.value! < a.value! ? b : a,
    null,
  );
  const line = { x: "epoch", y: "loss", z: "trial" } as const;
  const svg = Plot.plot({
    document: document as unknown as Document,
    width: options.width ?? 720,
    height: options.height ?? 280,
    marginLeft: 56,
    marginBottom: 42,
    style: { fontFamily: "system-ui, sans-serif", fontSize: "12px", background: "none" },
    x: { label: "epoch", tickFormat: "d", labelOffset: 36 },
    y: { label: "validation loss (nats)", grid: true, nice: true },
    marks: [
      Plot.lineY(points.filter((p) => p.state !== "complete"), {
        ...line,
        stroke: "#9a9a9a",
        strokeDasharray: "3 3",
      }),
      Plot.lineY(points.filter((p) => p.state === "complete" && p.trial !== best?.number), {
        ...line,
        stroke: "#7aa0d6",
      }),
      Plot.lineY(points.filter((p) => p.trial === best?.number), {
        ...line,
        stroke: "#d9731a",
        strokeWidth: 2.5,
      }),
      ...(best === null ? [] : [
        Plot.text(points.filter((p) => p.trial === best.number).slice(-1), {
          x: "epoch",
          y: "loss",
          text: () => `best: trial ${best.number}`,
          textAnchor: "end",
          dy: -14,
          fill: "#d9731a",
        }),
      ]),
    ],
  });
  return svgText(svg.outerHTML);
}

/** Plot's SVG made to stand alone and to be read on light and on dark pages. */
function svgText(markup: string): string {
  const style = "<style>svg{color:#333}@media (prefers-color-scheme:dark){svg{color:#ddd}}</style>";
  const named = markup.includes("xmlns=")
    ? markup
    : markup.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"');
  return named.replace(/(<svg[^>]*>)/, `$1${style}`);
}
